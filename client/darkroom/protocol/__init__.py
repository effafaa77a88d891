"""The protocol: its types, its methods and the description printed from them."""
