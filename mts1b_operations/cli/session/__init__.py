"""A whole running system: servers, processes, what is seen of them, and the demo on top."""
