-- MySQL 8 and 9: the two logins, with what the checks need and nothing else.
-- evenkeel-grant, beside the other shared files in /usr/share/evenkeel, does this without a password in a file: see
-- its --help. To use this script instead, copy it to a file that only you may read, put passwords in place of
-- CHANGE-ME and your schemas in place of shop, and run it once, on the source: accounts reach the replicas by
-- replication. It may be run again, and on any server: on a replica it changes that server alone and keeps that out
-- of the binary log.

SET @evenkeel_log_bin = @@SESSION.sql_log_bin;
SET @evenkeel_replica = 1;
SET @evenkeel_replica = @@GLOBAL.read_only OR EXISTS (SELECT * FROM performance_schema.replication_connection_configuration WHERE LEFT(CHANNEL_NAME, 18) <> 'group_replication_');
SET @evenkeel_statement = IF(@evenkeel_replica = 0, 'DO 0', 'SET SESSION sql_log_bin = 0');
PREPARE evenkeel FROM @evenkeel_statement;
EXECUTE evenkeel;

-- For check_mysql_replication, from the server's own host.
CREATE USER IF NOT EXISTS 'evenkeel_monitor'@'localhost' IDENTIFIED BY 'CHANGE-ME';
ALTER USER 'evenkeel_monitor'@'localhost' IDENTIFIED BY 'CHANGE-ME';
-- Sees SHOW REPLICA STATUS; cannot start, stop or change anything.
GRANT REPLICATION CLIENT ON *.* TO 'evenkeel_monitor'@'localhost';
-- When anything last came from the source, and what a worker's error really was.
GRANT SELECT ON performance_schema.* TO 'evenkeel_monitor'@'localhost';

-- For check_table_sync, from the host that compares: narrow the % to it. In a schema's name, a _ or a % is a wildcard
-- without a backslash before it: my_shop is `my\_shop`. What an earlier run granted stays; evenkeel-grant takes it back.
CREATE USER IF NOT EXISTS 'evenkeel_sync'@'%' IDENTIFIED BY 'CHANGE-ME';
ALTER USER 'evenkeel_sync'@'%' IDENTIFIED BY 'CHANGE-ME';
GRANT SELECT ON shop.* TO 'evenkeel_sync'@'%';

-- With --max-lag, or where replicas follow by file and position, check_table_sync looks at replication as well:
-- GRANT REPLICATION CLIENT ON *.* TO 'evenkeel_sync'@'%';

SET @evenkeel_statement = CONCAT('SET SESSION sql_log_bin = ', @evenkeel_log_bin);
PREPARE evenkeel FROM @evenkeel_statement;
EXECUTE evenkeel;
DEALLOCATE PREPARE evenkeel;
SELECT IF(@evenkeel_replica = 0, 'the accounts reach the replicas by replication', 'on this server alone: it is read-only or a replica') AS evenkeel;
