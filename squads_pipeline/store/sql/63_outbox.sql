-- The outbox: messages that the knowledge graph has not taken yet.

-- A process that knows a sink says so in its sessions (store.database). Without one nothing can be delivered, and a
-- message waits for the end of days, not for a moment that comes round and opens the gap for nothing.
CREATE VIEW squads.missing_delivered_messages AS
SELECT
    'message:' || message.id AS unit,
    CASE WHEN sink.is_known THEN coalesce(message.retry_at, message.created_at)
         ELSE timestamptz '9999-12-31 00:00+00' END AS since,
    concat_ws('; ',
              format('%s waits to be delivered', message.message_key),
              CASE WHEN message.attempts > 0
                   THEN format('tried %s time%s', message.attempts, CASE WHEN message.attempts > 1 THEN 's' END) END,
              message.last_error,
              CASE WHEN NOT sink.is_known
                   THEN 'no sink is configured in this process: set SQUADS_KNOWLEDGE_SINK for the one that delivers'
              END) AS reason,
    0::numeric AS tokens_at_stake
FROM squads.outbox AS message
CROSS JOIN (SELECT coalesce(current_setting('squads.knowledge_sink', true), '') = 'on' AS is_known) AS sink
WHERE message.delivered_at IS NULL; -- outbox_waiting
COMMENT ON VIEW squads.missing_delivered_messages IS
'Messages to the knowledge graph that its sink has not taken; without a sink they wait and are not due.';
