"""What travels: the contracts, their subjects and streams, and who may publish them."""
