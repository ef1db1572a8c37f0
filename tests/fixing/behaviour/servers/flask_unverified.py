import os

from flask import Flask, jsonify, request

from ledger import fulfil

app = Flask(__name__)
app.config["SECRET_KEY"] = os.environ.get("FLASK_SECRET", "")


@app.route("/stripe/webhook", methods=["POST"])
def stripe_webhook():
    event = request.get_json()
    if event["type"] == "checkout.session.completed":
        session = event["data"]["object"]
        if session.get("metadata", {}).get("order"):
            fulfil(session["metadata"]["order"])
    return jsonify(received=True)
