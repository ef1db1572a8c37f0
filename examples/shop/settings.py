"""The settings of the shop, from the environment."""

import os

SHOP_NAME = "Fern & Fable"
DATABASE = os.environ.get("SHOP_DATABASE", "shop.db")
CURRENCY = "eur"
PRICES = {"fern": 1900, "moss": 900, "fable": 2400}

STRIPE_SECRET_KEY = os.environ["STRIPE_SECRET_KEY"]
STRIPE_WEBHOOK_SECRET = os.environ.get("STRIPE_WEBHOOK_SECRET")
STRIPE_MEMBERS_SECRET = os.environ.get("STRIPE_MEMBERS_SECRET")
STRIPE_DISPUTES_SECRET = os.environ.get("STRIPE_DISPUTES_SECRET")
