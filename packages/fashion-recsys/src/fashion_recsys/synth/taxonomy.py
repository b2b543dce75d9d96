"""The attribute tree of the generated shop: a small one of the kind that Kaggle's articles have."""

import polars as pl

PRODUCT_TYPES = pl.DataFrame(
    [
        (272, "Trousers", "Garment Lower body", 1009, "Trousers", 0.110, 1.3, 0.1, 100),
        (255, "T-shirt", "Garment Upper body", 1002, "Jersey Basic", 0.090, 0.5, 0.4, 170),
        (252, "Sweater", "Garment Upper body", 1003, "Knitwear", 0.100, 1.1, 1.0, 310),
        (265, "Dress", "Garment Full body", 1013, "Dresses Ladies", 0.100, 1.2, 0.5, 175),
        (262, "Jacket", "Garment Upper body", 1007, "Outdoor", 0.050, 2.2, 0.6, 315),
        (258, "Blouse", "Garment Upper body", 1010, "Blouses", 0.060, 1.0, 0.3, 175),
        (254, "Top", "Garment Upper body", 1005, "Jersey Fancy", 0.070, 0.6, 0.2, 180),
        (253, "Vest top", "Garment Upper body", 1002, "Jersey Basic", 0.050, 0.4, 0.4, 170),
        (259, "Shirt", "Garment Upper body", 1011, "Shirts", 0.040, 1.1, 0.1, 340),
        (274, "Shorts", "Garment Lower body", 1025, "Shorts", 0.040, 0.8, 1.4, 165),
        (275, "Skirt", "Garment Lower body", 1012, "Skirts", 0.035, 1.0, 0.3, 165),
        (306, "Bra", "Underwear", 1017, "Under-, Nightwear", 0.045, 1.0, 0.1, 150),
        (286, "Underwear bottom", "Underwear", 1017, "Under-, Nightwear", 0.045, 0.6, 0.1, 340),
        (302, "Socks", "Socks & Tights", 1021, "Socks and Tights", 0.030, 0.4, 0.5, 335),
        (59, "Swimwear bottom", "Swimwear", 1018, "Swimwear", 0.030, 0.8, 1.6, 150),
        (94, "Sneakers", "Shoes", 1020, "Shoes", 0.030, 1.6, 0.4, 150),
        (66, "Bag", "Accessories", 1019, "Accessories", 0.030, 1.3, 0.1, 180),
        (70, "Earring", "Accessories", 1019, "Accessories", 0.045, 0.4, 0.1, 340),
    ],
    schema=[
        "product_type_no",
        "product_type_name",
        "product_group_name",
        "garment_group_no",
        "garment_group_name",
        "share",
        "price",
        "season",
        "peak",
    ],
    orient="row",
)
"""``share`` is of the products; ``price`` is relative. Seasons are those of the real garment
groups: log sales rise and fall by ``season``, highest on day ``peak`` of the year. Swimwear sells
30 times as much in May as in November, knitwear a seventh as much in May as in October."""

INDEXES = pl.DataFrame(
    [
        ("A", "Ladieswear", 1, "Ladieswear", 0.38, 0.3),
        ("D", "Divided", 2, "Divided", 0.14, 0.3),
        ("F", "Menswear", 3, "Menswear", 0.12, -0.9),
        ("H", "Children Sizes 92-140", 4, "Baby/Children", 0.33, -1.7),
        ("S", "Sport", 26, "Sport", 0.03, 0.5),
    ],
    schema=[
        "index_code",
        "index_name",
        "index_group_no",
        "index_group_name",
        "share",
        "appeal",
    ],
    orient="row",
)
"""``share`` is of the articles; ``appeal`` is added to their popularity, so that few children's
articles are among the best sellers although a third of the articles are theirs."""

COLOURS = pl.DataFrame(
    [
        (9, "Black", 4, "Dark", 5, "Black", 0.24),
        (10, "White", 3, "Light", 9, "White", 0.14),
        (73, "Dark Blue", 4, "Dark", 2, "Blue", 0.13),
        (51, "Light Pink", 1, "Dusty Light", 4, "Pink", 0.09),
        (7, "Grey", 2, "Medium Dusty", 12, "Grey", 0.08),
        (12, "Light Beige", 1, "Dusty Light", 11, "Beige", 0.08),
        (72, "Blue", 5, "Bright", 2, "Blue", 0.08),
        (42, "Red", 5, "Bright", 18, "Red", 0.06),
        (19, "Greenish Khaki", 2, "Medium Dusty", 20, "Khaki green", 0.05),
        (31, "Yellow", 5, "Bright", 8, "Yellow", 0.05),
    ],
    schema=[
        "colour_group_code",
        "colour_group_name",
        "perceived_colour_value_id",
        "perceived_colour_value_name",
        "perceived_colour_master_id",
        "perceived_colour_master_name",
        "share",
    ],
    orient="row",
)

APPEARANCES = pl.DataFrame(
    [
        (1010016, "Solid", 0.55),
        (1010001, "All over pattern", 0.20),
        (1010017, "Stripe", 0.07),
        (1010010, "Melange", 0.06),
        (1010023, "Denim", 0.06),
        (1010004, "Check", 0.06),
    ],
    schema=["graphical_appearance_no", "graphical_appearance_name", "share"],
    orient="row",
)

SECTIONS = ("Everyday", "Collection", "Trend", "Casual", "Premium", "Basics")
"""Each index has these; a style belongs to one of them."""

_STYLES = """
    Alma Bella Cleo Dana Erik Fiona Gigi Hanna Ivy Jade Kira Luna Mila Nora Olga Pia Quinn
    Rosa Siri Tilda Uma Vera Wilma Xenia Yara Zoe Astrid Britt Celine Daisy Elsa Freja Greta
    Heidi Ines Juno Karin Lova Maja Nova Orla Petra Ruby Saga Thea Ulla Vilma Willow Yvette
    Zelda Anton Bruno Casper David Emil Felix Gustav Hugo Isak Jonas
"""
STYLE_NAMES = tuple(_STYLES.split())
"""A style is a line of products of one index that the same customers like; its name is in the names
of its products."""
MATERIALS = ("soft jersey", "woven cotton", "airy viscose", "rib-knit cotton", "a fine knit")
DETAILS = ("a round neckline", "side pockets", "a straight cut", "long sleeves", "a tie belt")
