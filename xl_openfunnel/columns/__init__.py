"""Final jobs as files of typed columns, made from the store, and questions over many of them."""
