"""Locations, companies, people, goods and carriers of the demonstration data. People and companies are fictitious."""

from typing import NamedTuple


class Location(NamedTuple):
    """A city with an address in it, its time zone and its coordinates in degrees."""

    city: str
    region: str | None
    postal_code: str
    country: str
    line: str
    zone: str
    latitude: float
    longitude: float


LOCATIONS = {
    "hamburg": Location("Hamburg", "HH", "20457", "DE", "Am Sandtorkai 12", "Europe/Berlin", 53.5438, 9.9886),
    "munich": Location("München", "BY", "80331", "DE", "Sendlinger Straße 8", "Europe/Berlin", 48.1351, 11.5820),
    "paris": Location("Paris", None, "75011", "FR", "14 rue Oberkampf", "Europe/Paris", 48.8647, 2.3786),
    "lyon": Location("Lyon", None, "69002", "FR", "3 rue Mercière", "Europe/Paris", 45.7620, 4.8330),
    "london": Location("London", None, "EC1A 1BB", "GB", "5 King Edward Street", "Europe/London", 51.5170, -0.0990),
    "madrid": Location("Madrid", None, "28013", "ES", "Calle Mayor 21", "Europe/Madrid", 40.4160, -3.7070),
    "warsaw": Location("Warszawa", None, "00-031", "PL", "Szpitalna 6", "Europe/Warsaw", 52.2340, 21.0130),
    "new_york": Location("New York", "NY", "10013", "US", "55 Varick Street", "America/New_York", 40.7230, -74.0060),
    "chicago": Location("Chicago", "IL", "60607", "US", "1010 West Lake Street", "America/Chicago", 41.8855, -87.6530),
    "denver": Location("Denver", "CO", "80205", "US", "2500 Larimer Street", "America/Denver", 39.7580, -104.9860),
    "los_angeles": Location(
        "Los Angeles", "CA", "90021", "US", "777 Alameda", "America/Los_Angeles", 34.0340, -118.2390
    ),
    "toronto": Location("Toronto", "ON", "M5V 2T6", "CA", "401 Richmond St W", "America/Toronto", 43.6480, -79.3950),
    "sao_paulo": Location(
        "São Paulo", "SP", "01310-100", "BR", "Avenida Paulista 900", "America/Sao_Paulo", -23.56, -46.65
    ),
    "nairobi": Location("Nairobi", None, "00100", "KE", "Moi Avenue 40", "Africa/Nairobi", -1.2833, 36.8219),
    "johannesburg": Location(
        "Johannesburg", None, "2001", "ZA", "22 Commissioner Street", "Africa/Johannesburg", -26.2050, 28.0400
    ),
    "dubai": Location("Dubai", None, "00000", "AE", "Al Rigga Road 17", "Asia/Dubai", 25.2640, 55.3230),
    "mumbai": Location("Mumbai", "MH", "400001", "IN", "14 Dalal Street", "Asia/Kolkata", 18.9290, 72.8330),
    "kathmandu": Location("Kathmandu", None, "44600", "NP", "Durbar Marg 3", "Asia/Kathmandu", 27.7120, 85.3170),
    "singapore": Location("Singapore", None, "048583", "SG", "16 Raffles Quay", "Asia/Singapore", 1.2810, 103.8510),
    "tokyo": Location("東京", None, "105-0011", "JP", "芝公園 4-2-8", "Asia/Tokyo", 35.6586, 139.7454),
    "sydney": Location("Sydney", "NSW", "2000", "AU", "88 George Street", "Australia/Sydney", -33.8600, 151.2090),
    "auckland": Location("Auckland", None, "1010", "NZ", "12 Queen Street", "Pacific/Auckland", -36.8440, 174.7670),
}

WAREHOUSES = {
    "hamburg": "Alster Outfitters",
    "lyon": "Maison Perrache",
    "chicago": "Lakeside Supply Co.",
    "los_angeles": "Harbor & Vine",
    "singapore": "Straits Instruments",
    "tokyo": "東雲商会",
}
"""The shippers by the location of their warehouse."""

PEOPLE = """
    Ada Okafor|Bruno Lindqvist|Chiara Moretti|Dariusz Nowak|Elif Demir|Femi Adeyemi|Greta Sandberg|
    Hiroshi Tanaka|Ines Duarte|Jonas Weber|Kavya Iyer|Liam O'Connor|Mei Lin|Noor Haddad|Olga Petrova|
    Paulo Ferreira|Quinn Baker|Rosa Jiménez|Sven Aalto|Tomáš Novák|Uma Shrestha|Viktor Horváth|Wanjiru Kamau|
    Xavier Martin|Yuki Sato|Zoë de Vries
"""
NAMES = [name.strip() for name in PEOPLE.replace("\n", "").split("|")]

GOODS = (
    ("BK-101", "Notebook, ruled, A5", "12.50", "0.4"),
    ("LM-220", "Desk lamp, brass", "89.00", "2.1"),
    ("CF-031", "Espresso beans, 1 kg", "24.90", "1.1"),
    ("TX-450", "Wool blanket", "139.00", "1.8"),
    ("EL-777", "Noise-cancelling headphones", "249.00", "0.7"),
    ("GR-015", "Cast-iron pan, 28 cm", "64.00", "3.2"),
    ("MD-300", "Digital thermometer", "18.75", "0.2"),
    ("SP-808", "Trail running shoes", "129.95", "0.9"),
    ("HV-900", "Centrifugal pump", "1840.00", "41.5"),
    ("OP-642", "Microscope, binocular", "970.00", "8.6"),
)
"""Article number, title, value and weight in kilograms of one piece."""

CARRIERS = {
    "dhl_express": ("DHL Express", "https://www.dhl.com/en/express/tracking.html?AWB={trackingNumber}"),
    "ups": ("UPS", "https://www.ups.com/track?tracknum={trackingNumber}"),
    "fedex": ("FedEx", "https://www.fedex.com/fedextrack/?trknbr={trackingNumber}"),
    "royal_mail": ("Royal Mail", "https://www.royalmail.com/track-your-item#/tracking-results/{trackingNumber}"),
    "japan_post": ("Japan Post", None),
    "north_sea_line": ("North Sea Line", None),
}
"""Code, name and tracking URL template of the carriers."""
SERVICES = {
    "dhl_express": ("express_worldwide", "express_12"),
    "ups": ("ground", "worldwide_saver"),
    "fedex": ("international_priority", "ground"),
    "royal_mail": ("tracked_48", "international_tracked"),
    "japan_post": ("ems", "epacket"),
    "north_sea_line": ("lcl", "road_freight"),
}
"""The services of the carriers, by carrier code."""
