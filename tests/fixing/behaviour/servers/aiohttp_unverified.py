import os

from aiohttp import web

from ledger import fulfil

routes = web.RouteTableDef()
GREETING = os.getenv("GREETING", "received")


@routes.post("/stripe/webhook")
async def stripe_webhook(request: web.Request) -> web.Response:
    event = await request.json()
    match event["type"]:
        case "checkout.session.completed":
            fulfil(event["data"]["object"]["metadata"]["order"])
        case other:
            print("ignored", other)
    return web.json_response({GREETING: True})


app = web.Application()
app.add_routes(routes)
