"""Publishing that neither loses nor blocks for ever: in-flight accounting, retries, one thread."""
