"""What a person sees of a running system: facts in, text out."""
