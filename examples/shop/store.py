"""Orders, members and sellers in SQLite."""

import sqlite3

import settings

SCHEMA = """
CREATE TABLE IF NOT EXISTS orders (
    id INTEGER PRIMARY KEY, customer TEXT, amount INTEGER, payment TEXT, status TEXT DEFAULT 'open'
);
CREATE TABLE IF NOT EXISTS members (customer TEXT PRIMARY KEY, status TEXT);
CREATE TABLE IF NOT EXISTS sellers (account TEXT PRIMARY KEY, payouts INTEGER);
"""


def execute(statement, *values):
    with sqlite3.connect(settings.DATABASE) as db:
        db.row_factory = sqlite3.Row
        db.executescript(SCHEMA)
        return db.execute(statement, values)


def find_order(order_id):
    return execute("SELECT * FROM orders WHERE id = ?", order_id).fetchone()


def add_order(customer, amount):
    return execute("INSERT INTO orders (customer, amount) VALUES (?, ?)", customer, amount).lastrowid


def set_order_payment(order_id, payment):
    execute("UPDATE orders SET payment = ? WHERE id = ?", payment, order_id)


def set_order_status(payment, status):
    execute("UPDATE orders SET status = ? WHERE payment = ?", status, payment)


def set_member_status(customer, status):
    execute("REPLACE INTO members (customer, status) VALUES (?, ?)", customer, status)


def set_seller_payouts(account, enabled):
    execute("REPLACE INTO sellers (account, payouts) VALUES (?, ?)", account, enabled)
