-- MySQL 8 and 9: the two logins, with what the checks need and nothing else.
-- Put passwords in place of CHANGE-ME, and your schemas in place of shop; run it on the source, or on each server.

-- For check_mysql_replication, from the server's own host.
CREATE USER 'evenkeel_monitor'@'localhost' IDENTIFIED BY 'CHANGE-ME';
-- Sees SHOW REPLICA STATUS; cannot start, stop or change anything.
GRANT REPLICATION CLIENT ON *.* TO 'evenkeel_monitor'@'localhost';
-- When anything last came from the source, and what a worker's error really was.
GRANT SELECT ON performance_schema.* TO 'evenkeel_monitor'@'localhost';

-- For check_table_sync, from the host that compares: narrow the % to it.
CREATE USER 'evenkeel_sync'@'%' IDENTIFIED BY 'CHANGE-ME';
GRANT SELECT ON shop.* TO 'evenkeel_sync'@'%';

-- With --max-lag, or where replicas follow by file and position, check_table_sync looks at replication as well:
-- GRANT REPLICATION CLIENT ON *.* TO 'evenkeel_sync'@'%';
