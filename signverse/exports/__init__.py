"""The corpus in the formats of others: HDF5, `.pose`, WebDataset."""
