"""What the sample shop sells."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Product:
    id: str
    title: str
    vendor: str
    category: str
    price: Decimal


def _shelf(category: str, vendor: str, *titles_and_prices: tuple[str, str]) -> tuple[Product, ...]:
    return tuple(
        Product(f"{category}-{number}", title, vendor, category, Decimal(price))
        for number, (title, price) in enumerate(titles_and_prices, start=1)
    )


SHELVES = (
    _shelf(
        "kitchen",
        "Hearth & Pan",
        ("Cast-iron skillet", "64.90"),
        ("Stovetop espresso pot", "34.50"),
        ("Chef's knife", "89.00"),
        ("Glass storage set", "29.90"),
        ("Hand mixer", "54.00"),
        ("Spoon rest", "7.50"),
    ),
    _shelf(
        "coffee",
        "Slow Roast",
        ("Single-origin beans 1 kg", "27.80"),
        ("Burr grinder", "139.00"),
        ("Pour-over kettle", "72.00"),
        ("Paper filters 100", "6.50"),
        ("Travel mug", "24.90"),
        ("Cleaning tablets", "4.90"),
    ),
    _shelf(
        "outdoor",
        "Northpath",
        ("Day pack 24 l", "98.00"),
        ("Trekking poles", "79.50"),
        ("Down jacket", "219.00"),
        ("Two-person tent", "289.00"),
        ("Head torch", "44.90"),
        ("Boot laces", "5.90"),
    ),
    _shelf(
        "home",
        "Lumen Works",
        ("Desk lamp", "74.00"),
        ("Linen bedding set", "129.00"),
        ("Wool throw", "84.50"),
        ("Wall clock", "39.90"),
        ("Scented candle", "18.90"),
        ("Tea lights 30", "5.50"),
    ),
    _shelf(
        "audio",
        "Cedar Sound",
        ("Wireless earbuds", "119.00"),
        ("Bookshelf speaker", "189.00"),
        ("Kitchen radio", "92.00"),
        ("Headphone stand", "32.00"),
        ("Cable clips", "6.90"),
    ),
    _shelf(
        "stationery",
        "Paper Mill",
        ("Dotted notebook", "16.90"),
        ("Fountain pen", "48.00"),
        ("Ink bottle", "12.50"),
        ("Leather desk mat", "58.00"),
        ("Pencils 12", "5.20"),
    ),
    _shelf(
        "garden",
        "Greenhand",
        ("Pruning shears", "36.90"),
        ("Raised bed kit", "109.00"),
        ("Seed collection", "14.50"),
        ("Watering can", "28.00"),
        ("Plant labels 50", "4.50"),
    ),
)
PRODUCTS = {product.id: product for shelf in SHELVES for product in shelf}
