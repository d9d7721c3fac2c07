-- MariaDB 10.5.9 and later: the two logins, with what the checks need and nothing else.
-- Put passwords in place of CHANGE-ME, and your schemas in place of shop; run it on the source, or on each server.

-- For check_mysql_replication, from the server's own host.
CREATE USER 'evenkeel_monitor'@'localhost' IDENTIFIED BY 'CHANGE-ME';
-- Sees SHOW ALL SLAVES STATUS; cannot start, stop or change anything.
GRANT SLAVE MONITOR ON *.* TO 'evenkeel_monitor'@'localhost';

-- For check_table_sync, from the host that compares: narrow the % to it.
CREATE USER 'evenkeel_sync'@'%' IDENTIFIED BY 'CHANGE-ME';
GRANT SELECT ON shop.* TO 'evenkeel_sync'@'%';

-- With --max-lag, or where replicas follow by file and position, check_table_sync looks at replication as well:
-- GRANT SLAVE MONITOR ON *.* TO 'evenkeel_sync'@'%';
