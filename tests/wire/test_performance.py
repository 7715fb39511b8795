from service.feed.services import Followers
from tests.wire.desk import Desk
def test_smoke(desk: Desk) -> None:
    t = desk.new_ticket("cust_1")
    desk.post(f"/api/tickets/{t}/messages", {"content": "x"})
    desk.app.extensions["support.components"][Followers].catch_up()
    for p in ("team","tickets/volume","tickets/channels","customers/churn","tickets/volume?format=csv", "team?from=2026-01-01&to=2026-01-01", "team?time_zone=Europe/Nix"):
        a = desk.get("/api/analytics/"+p)
        print(a.status_code, a.text[:1500])
    import json
    d = desk.get("/openapi.json").json()
    print(json.dumps(d["paths"]["/api/analytics/team"]["get"]["responses"]["200"]))
