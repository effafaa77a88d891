-- What failed in the last day is asked for again and again by whoever supervises the daemon. Only failures pay.
CREATE INDEX item_failed_by_time ON item (ended_at_usec) WHERE state = 'failed';
