"""Events between services: out of the transaction, over JetStream, into another service's transaction.

The database is the record, the broker only carries: wiping the broker loses nothing. `Relay` publishes what
transactions left in the outbox, and again when the broker lost it; `Consumer` gives each event its effect
exactly once; `Live` hands events on to whoever listens right now; `Bus` is the connection they share.
"""

from services.kit.messaging.bus import Bus, BusDown
from services.kit.messaging.consumer import Consumer, Handler
from services.kit.messaging.envelope import EventMeta
from services.kit.messaging.live import Live
from services.kit.messaging.relay import Relay
from services.kit.messaging.streams import Stream

__all__ = ["Bus", "BusDown", "Consumer", "EventMeta", "Handler", "Live", "Relay", "Stream"]
