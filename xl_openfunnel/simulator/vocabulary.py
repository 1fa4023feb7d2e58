"""The words of invented companies.

Names are made of syllables, websites end in the reserved ``.example``, telephone numbers are from the range
reserved for fiction; only places are real. The oddities are those of real rows: see `companies`.
"""

from __future__ import annotations

from typing import Final

STARTS: Final = (
    *("Vel", "Kor", "Mar", "Tan", "Ost", "Lum", "Bra", "Quin", "Zeph", "Hal", "Dor", "Pel", "Syn", "Ar"),
    *("Nov", "Tri", "Gre", "Fal", "Ul", "Cas", "Ber", "Yar", "Ix", "Rho", "Sol", "Wex", "Jun", "Eld"),
)
MIDDLES: Final = (
    *("", "a", "e", "i", "o", "u", "ami", "eno", "iva", "ora", "uli", "ando", "eska", "inta", "opra", "adi"),
    *("elo", "imu", "oka", "uta", "arra", "enni", "illo", "osto", "urma", "aba", "eche", "iso", "odi", "ule"),
    *("alda", "ergo", "ipo", "onsa", "umi", "azi", "eta", "ifa", "olle", "unda", "eku", "ado", "ino", "usi"),
)
ENDS: Final = (
    *("vex", "lith", "nar", "dova", "quist", "mere", "tek", "lane", "ric", "fold", "bex", "nova", "gard"),
    *("tis", "wyn", "zo", "path", "ly", "ra", "mund", "x", "bility", "stra", "kin", "sen", "voss"),
)
TRADES: Final = (
    *("Systems", "Logistics", "Foods", "Robotics", "Energy", "Dental", "Capital", "Labs", "Textiles"),
    *("Software", "Machinery", "Realty", "Health", "Freight", "Plumbing", "Security", "Hotels", "Works"),
)
FORMS: Final = (
    *(", Inc.", " LLC", " GmbH", " Ltd", " Pvt. Ltd.", " S.A.", ", LLC", " Co.,Ltd", " Group", " | Europe"),
)

LONG_NAMES: Final = (
    "{name} Fachschule für Betriebswirtschaft und Verwaltung Mittelbach an der {stem}",
    "The {name} Regional Association of Independent Heating & Cooling Contractors",
)
"""Names nearly as long as the longest real one (79 characters)."""

FOREIGN_NAMES: Final = (
    ("瑞禾{stem}科技", "瑞禾{stem}科技有限公司"),
    ("みなと{stem}電産", "みなと{stem}電産合同会社"),
    ("{stem} Bäckerei & Söhne", "{stem}-bäckerei-söhne"),
    ("Óptica {stem}", "óptica-{stem}"),
)
"""Pairs of a name and the raw, unencoded slug of its LinkedIn page."""

TRAPS: Final = (
    *("TRUE", "+{stem}", "99", "=1+{n} {stem} Holdings", "360e", "-{stem} Zero", "1-800{STEM}"),
    *("@{stem} Home", "24/7 {stem} & Daughters LLC", "\t{stem} Tabular", "302.{STEM}", "\r{stem} Return"),
    *("2-10", "#N/A", '=HYPERLINK("http://{stem}.example","{stem}")', "FALSE", "007", "1E5", "3/4 {stem}"),
)
"""Names that a spreadsheet may misread, used in turn; ``{n}`` numbers the rounds."""

PLACES: Final[dict[str, tuple[tuple[str, str | None], ...]]] = {
    "United States": (
        *(("Austin", "Texas"), ("Columbus", "Ohio"), ("Reno", "Nevada"), ("Boise", "Idaho")),
        *(("Tampa", "Florida"), ("New York", "New York"), ("Coeur d’Alene", "Idaho"), ("Omaha", "Nebraska")),
        *(("Denver", "Colorado"), ("Chicago", "Illinois"), ("Boston", "Massachusetts"), ("Miami", "Florida")),
        *(("Seattle", "Washington"), ("Phoenix", "Arizona"), ("Nashville", "Tennessee")),
        *(("San Jose", "California"), ("Washington, D.C.", "District of Columbia")),
    ),
    "Canada": (("Toronto", "Ontario"), ("Montréal", "Quebec"), ("Halifax", "Nova Scotia")),
    "India": (("Pune", "Maharashtra"), ("Surat", "Gujarat"), ("Bengaluru", "Karnataka")),
    "United Kingdom": (("Leeds", "England"), ("Glasgow", "Scotland"), ("Cardiff", "Wales")),
    "Australia": (("Sydney", "New South Wales"), ("Perth", "Western Australia")),
    "China": (("Shanghai", "Shanghai"), ("Ningbo", "Zhejiang")),
    "Singapore": (("Singapore", None),),
    "Indonesia": (("Jakarta", "Jakarta"), ("Surabaya", "East Java")),
    "United Arab Emirates": (("Dubai", "Dubai"),),
    "Germany": (("München", "Bayern"), ("Köln", "Nordrhein-Westfalen")),
    "Brazil": (("São Paulo", "São Paulo"), ("Curitiba", "Paraná")),
    "France": (("Lyon", "Auvergne-Rhône-Alpes"), ("L’Haÿ-les-Roses", "Île-de-France")),
    "Egypt": (("القاهرة", "Cairo"),),
    "Kazakhstan": (("Алматы", "Almaty"),),
    "Netherlands": (("Utrecht", "Utrecht"), ("’s-Hertogenbosch", "Noord-Brabant")),
}
"""Cities and their regions by country, some in their own script, one with a comma."""

FUNDING: Final = {
    "No Funding Yet": 622,
    "Acquired": 109,
    "Public": 59,
    "Seed": 58,
    "Closed": 40,
    "Series A": 36,
    "Series Unknown": 28,
    "Pre Seed": 22,
    "Private Equity": 14,
    "Series B": 14,
    "Series C": 11,
    "Debt Financing": 11,
    "Grant": 7,
    "Series D": 6,
    "Series E": 5,
    "Series G": 5,
    "Corporate Round": 5,
    "Non Equity Assistance": 4,
    "Series F": 3,
    "Angel": 2,
    "Convertible Note": 2,
    "Series J": 1,
    "Undisclosed": 1,
    "Post IPO Debt": 1,
    "Initial Coin Offering": 1,
    "Equity Crowdfunding": 1,
}
"""Funding stages and their frequencies; the search filter uses other words."""

INDUSTRIES: Final = (
    *("Software Development", "Construction", "Manufacturing", "Logistics", "E-Commerce", "Food Delivery"),
    *("Payments", "Cyber Security", "Renewable Energy", "Utilities", "Human Resources", "Consulting", "SaaS"),
    *("Machinery Manufacturing", "Real Estate", "Hospitality", "Internet", "Retail", "Telecommunications"),
    *("Business And Industrial", "Technology And Computing", "Automotive And Vehicles", "Insurance"),
    *("Consumer Applications", "Information Technology", "Transportation", "Education", "Web Development"),
)
COMMA_INDUSTRIES: Final = (
    "Technology, Information and Internet",
    "Transportation, Logistics, Supply Chain and Storage",
    "Food, Beverage & Tobacco",
)
"""Industries with a comma inside; none has a semicolon."""

SIZE_RANGES: Final = ("2-10", "11-50", "51-200", "201-500", "501-1000", "1001-5000", "5001-10000", "10001+")

THINGS: Final = (
    *("order management", "cold-chain freight", "drain cleaning", "industrial sensors", "payroll"),
    *("point-of-sale terminals", "earth-moving equipment", "dental supplies", "fraud detection"),
    *("warehouse robots", "customer loyalty", "property management", "ride-hailing", "threat intelligence"),
    *("solar parks", "bakery goods"),
)
CLIENTS: Final = (
    *("mid-sized retailers", "hospital groups", "regional carriers", "franchise owners", "public utilities"),
    *("food producers", "head contractors", "online merchants", "hotel chains", "family-owned workshops"),
)
VERBS: Final = ("builds", "supplies", "operates", "designs", "distributes", "maintains", "finances", "tests")
REASON_ENDS: Final = (
    "closely matching the target trait and the seed companies' market.",
    "which aligns with what was asked for in product, customers and size.",
    "a plausible match at that scale, though of a neighbouring market.",
    "similar to the seeds in product and market.",
    "overlapping with the seed companies' core offering.",
)
LINE_STARTS: Final = ("- ", "+ ", "= ", "@")
"""Starts of lines within a text, which are harmless until the text is split."""

EMOJI: Final = ("🚀", "🌍", "✅", "⚙️", "👩‍🔬", "🇧🇷")
