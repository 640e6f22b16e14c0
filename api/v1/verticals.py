"""/v1/vertical: what kind of shop this is, and whether it shares statistics with others of its kind."""

from api.setting import Setting
from tenants.verticals import VerticalSettings, read_vertical, store_vertical

_VERTICAL = Setting(
    path="/v1/vertical",
    tag="privacy",
    scope="privacy",
    document=VerticalSettings,
    read=read_vertical,
    store=store_vertical,
    reads="Read what kind of shop this is, and whether it shares",
    stores="Say what kind of shop this is, and whether it shares",
)
VERTICALS = _VERTICAL.endpoints()
