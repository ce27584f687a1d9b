"""The app under test: its functions carry the names that the traces name. Knows nothing of traces."""

import azure.durable_functions as df
import azure.functions as func
from blueprints import activities, clients, failing, flows, recorded, values, waiting, web

app = df.DFApp(http_auth_level=func.AuthLevel.FUNCTION)
for blueprint in (activities, clients, failing, flows, recorded, values, waiting, web):
    app.register_functions(blueprint.bp)
