"""Where emissions go: JetStream, files, Parquet, Telegram and the terminal."""
