"""The attribute tree of the generated shop: a small one of the kind that Kaggle's articles have."""

import polars as pl

PRODUCT_TYPES = pl.DataFrame(
    [
        (272, "Trousers", "Garment Lower body", 1009, "Trousers", 0.110),
        (255, "T-shirt", "Garment Upper body", 1002, "Jersey Basic", 0.090),
        (252, "Sweater", "Garment Upper body", 1003, "Knitwear", 0.100),
        (265, "Dress", "Garment Full body", 1013, "Dresses Ladies", 0.100),
        (262, "Jacket", "Garment Upper body", 1007, "Outdoor", 0.050),
        (258, "Blouse", "Garment Upper body", 1010, "Blouses", 0.060),
        (254, "Top", "Garment Upper body", 1005, "Jersey Fancy", 0.070),
        (253, "Vest top", "Garment Upper body", 1002, "Jersey Basic", 0.050),
        (259, "Shirt", "Garment Upper body", 1011, "Shirts", 0.040),
        (274, "Shorts", "Garment Lower body", 1025, "Shorts", 0.040),
        (275, "Skirt", "Garment Lower body", 1012, "Skirts", 0.035),
        (306, "Bra", "Underwear", 1017, "Under-, Nightwear", 0.045),
        (286, "Underwear bottom", "Underwear", 1017, "Under-, Nightwear", 0.045),
        (302, "Socks", "Socks & Tights", 1021, "Socks and Tights", 0.030),
        (59, "Swimwear bottom", "Swimwear", 1018, "Swimwear", 0.030),
        (94, "Sneakers", "Shoes", 1020, "Shoes", 0.030),
        (66, "Bag", "Accessories", 1019, "Accessories", 0.030),
        (70, "Earring", "Accessories", 1019, "Accessories", 0.045),
    ],
    schema=[
        "product_type_no",
        "product_type_name",
        "product_group_name",
        "garment_group_no",
        "garment_group_name",
        "share",
    ],
    orient="row",
)

INDEXES = pl.DataFrame(
    [
        ("A", "Ladieswear", 1, "Ladieswear", 15, "Womens Everyday Collection", 0.38, 0.3),
        ("D", "Divided", 2, "Divided", 53, "Divided Collection", 0.14, 0.3),
        ("F", "Menswear", 3, "Menswear", 26, "Men Underwear", 0.12, -0.9),
        ("H", "Children Sizes 92-140", 4, "Baby/Children", 76, "Kids Girl", 0.33, -1.7),
        ("S", "Sport", 26, "Sport", 5, "Ladies H&M Sport", 0.03, 0.5),
    ],
    schema=[
        "index_code",
        "index_name",
        "index_group_no",
        "index_group_name",
        "section_no",
        "section_name",
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

STYLE_NAMES = ("Alma", "Bella", "Cleo", "Dana", "Erik", "Fiona", "Gigi", "Hanna", "Ivy", "Jade")
MATERIALS = ("soft jersey", "woven cotton", "airy viscose", "rib-knit cotton", "a fine knit")
DETAILS = ("a round neckline", "side pockets", "a straight cut", "long sleeves", "a tie belt")
