"""Embedded servers: a Postgres and a Valkey of our own beside the data, where no other is set.

with run_embedded(data_dir) as embedded:
    serve(embedded.database_url, embedded.redis_url)

The first process on a data folder owns the servers, later ones join them, and no server outlives its owner. Linux only.
An operator's own Postgres needs `roles.sql` and `database.sql` of this folder once (see `roles`).
"""

from infra.embedded.addresses import Embedded
from infra.embedded.failures import EmbeddedFailed
from infra.embedded.roles import prepare_database
from infra.embedded.servers import run_embedded

__all__ = ["Embedded", "EmbeddedFailed", "prepare_database", "run_embedded"]
