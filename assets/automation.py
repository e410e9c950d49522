"""When marts follow their parents: conditions, each with its reason. Driven assets follow gaps: `sensors`."""

from datetime import timedelta
from typing import Final

import dagster as dg

# A harvest follows its round within seconds: while the marts of the round are being asked for or made, which may have
# read the ledger before it. So what has been asked for is handled, but not what has been made, as it is in
# `since_last_handled`: the end of that run would pass for an answer to the harvest too. And of what happens between
# two looks, what came after the request counts. Dagster sees that by the times of both, which it forgets behind the
# ands and ors of `any_deps_updated`. The price is now and then a run more than would have done.
_ASKED: Final = dg.AutomationCondition.newly_requested()
_ANEW: Final = dg.AutomationCondition.any_deps_match(dg.AutomationCondition.newly_updated()).since(_ASKED)
_DAY_OVER: Final = dg.AutomationCondition.cron_tick_passed("10 0 * * *", "UTC").since(_ASKED)
_IDLE: Final = ~dg.AutomationCondition.in_progress()

# A run that failed, or was cut off because everything was stopped, has handled its round as far as Dagster is
# concerned, and nothing would ask again before the next one. So what failed is asked for every five minutes.
_FAILED: Final = dg.AutomationCondition.execution_failed() & dg.AutomationCondition.cron_tick_passed(
    "*/5 * * * *", "UTC"
)

RECENT_DAYS: Final = timedelta(days=2)
STATED_DAYS: Final = timedelta(days=8)

# A round near midnight is committed on its day and reported a moment later, when that day is no longer the
# latest: two days are looked at. A day without a round has no row here, so unlike `eager()` this asks for no
# missing parent and fills no missing day. `eager()` would also wait while a parent is in progress, and under
# steady traffic one always is; what was committed are facts and may be read at any time.
AFTER_EACH_ROUND: Final = (
    dg.AutomationCondition.in_latest_time_window(RECENT_DAYS) & (_ANEW | _FAILED) & _IDLE
).with_label("after each round")

# What runs move is followed as it comes: seeds, contributions under pledges, matches, payouts and refunds, dividends,
# edges of squads' lives. However many runs there are, a mart is made by one run at a time, and what comes meanwhile is
# in the next. Nobody waits for the seal of the ledger, which moves nothing. A statement also changes by what commands
# do, such as contributions and sponsorships. No event tells Dagster of those, so at ten past midnight UTC, when what
# was posted before midnight has long been committed, the days are stated once more: yesterday gets its final version,
# and the new day its opening. Eight days, not two, because a laptop that slept over a long weekend has days to finish
# that it left half stated; when it was off at ten past midnight the tick counts as soon as it is back. Nothing else is
# asked for: years of days that were never stated stay with whoever backfills them.
AFTER_EACH_RUN_AND_EACH_DAY: Final = (
    dg.AutomationCondition.in_latest_time_window(STATED_DAYS) & (_ANEW | _DAY_OVER | _FAILED) & _IDLE
).with_label("after each run of an asset that it depends on, and once a day is over")

# The UI says that a statement is overdue when the new day's has not come by one in the morning.
STATED_EACH_DAY: Final = dg.FreshnessPolicy.cron("0 1 * * *", timedelta(hours=1), "UTC")
