"""A class a block: the block's own program, twice: as what makes modules, as what calls them."""
