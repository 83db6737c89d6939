"""A price list: two tiers, crowns and euros; the prices are made up."""

from collections.abc import Iterator

from exporter.readings import MessagePrice

CROWNS_A_EURO = 7.46

_COUNTRIES = """
AD Andorra 376 0.0412|AE United Arab Emirates 971 0.0260|AR Argentina 54 0.0590|AT Austria 43 0.0640
AU Australia 61 0.0310|BE Belgium 32 0.0720|BG Bulgaria 359 0.0830|BR Brazil 55 0.0290
CA Canada 1 0.0090|CH Switzerland 41 0.0560|CY Cyprus 357 0.0450|CZ Czech Republic 420 0.0480
DE Germany 49 0.0690|DK Denmark 45 0.0380|EE Estonia 372 0.0610|ES Spain 34 0.0510|FI Finland 358 0.0570
FO Faroe Islands 298 0.0340|FR France 33 0.0440|GB United Kingdom 44 0.0330|GL Greenland 299 0.0270
GR Greece 30 0.0470|HR Croatia 385 0.0520|HU Hungary 36 0.0600|IE Ireland 353 0.0490|IN India 91 0.0140
IS Iceland 354 0.0460|IT Italy 39 0.0420|JP Japan 81 0.0580|LT Lithuania 370 0.0310
LU Luxembourg 352 0.0540|LV Latvia 371 0.0440|MT Malta 356 0.0390|NL Netherlands 31 0.0710
NO Norway 47 0.0460|PL Poland 48 0.0290|PT Portugal 351 0.0340|RO Romania 40 0.0530|SE Sweden 46 0.0480
SG Singapore 65 0.0360|SI Slovenia 386 0.0620|SK Slovakia 421 0.0550|TR Turkey 90 0.0100
US United States 1 0.0080|ZA South Africa 27 0.0210
"""


def _tier(name: str, factor: float) -> Iterator[MessagePrice]:
    for entry in _COUNTRIES.replace("\n", "|").strip("|").split("|"):
        country, *_, prefix, euros = entry.split()
        price = round(float(euros) * factor, 4)
        yield MessagePrice(country, prefix, name, "DKK", round(price * CROWNS_A_EURO, 4))
        yield MessagePrice(country, prefix, name, "EUR", price)


PRICES = (*_tier("premium", 1.18), *_tier("standard", 1.0))
