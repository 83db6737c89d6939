"""The codes of ISO 4217, by which a text is known as a currency."""

from exporter.readings import UNITS

_IN_USE = """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE
    CHF CHW CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF
    GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR
    LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN
    PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS
    TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAD XAF XAG XAU XBA XBB XBC
    XBD XCD XCG XDR XOF XPD XPF XPT XSU XTS XUA XXX YER ZAR ZMW ZWG
"""
"""List one of SIX, who keep it for the ISO, of 2026-01-01, as iso4217 1.16.20260101 on PyPI carries it.

Written out, since that smallest of the libraries takes 46 ms and 6.5 MB to load.
"""

_WITHDRAWN = """
    ANG BGN BYR CUC EEK HRK LTL LVL MRO SLL STD VEF ZMK ZWL
"""
"""Of list three those withdrawn since 2010: a back end may go on with one for years."""

CODES = frozenset(f"{_IN_USE} {_WITHDRAWN}".split())
"""Every code that counts as a currency, in capitals."""


def currency(text: str) -> str | None:
    """The code in capitals, or one of `UNITS` in small letters; None for what is neither."""
    stripped = text.strip()
    if stripped.lower() in UNITS:
        return stripped.lower()
    return stripped.upper() if len(stripped) == 3 and stripped.isascii() and stripped.upper() in CODES else None
