"""One JSON catalogue per language, named by its lower-case tag; `providers.fallback.catalogue` reads them."""
