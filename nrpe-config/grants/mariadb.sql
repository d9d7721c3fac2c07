-- MariaDB 10.5.9 and later: the two logins, with what the checks need and nothing else.
-- evenkeel-grant, beside the other shared files in /usr/share/evenkeel, does this without a password in a file: see
-- its --help. To use this script instead, copy it to a file that only you may read, put passwords in place of
-- CHANGE-ME and your schemas in place of shop, and run it once, on the source: accounts reach the replicas by
-- replication. It may be run again, and on any server: on a replica it changes that server alone and keeps that out
-- of the binary log.

SET @evenkeel_log_bin = @@SESSION.sql_log_bin;
-- What is a replica, whether its threads run or not? MariaDB 11.6 and later have a table of that. Before, a server counts
-- as one that is read-only, has threads of a replica, has a period for its source's heartbeat, or has ever applied what
-- another server wrote; a source that was a replica once does, too. Where it cannot be seen, the server counts as one.
SET @evenkeel_replica = 1;
SELECT COUNT(*) INTO @evenkeel_table FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'information_schema' AND TABLE_NAME = 'SLAVE_STATUS';
EXECUTE IMMEDIATE IF(@evenkeel_table, 'SELECT COUNT(*) INTO @evenkeel_table FROM information_schema.SLAVE_STATUS', 'SELECT (SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE COMMAND IN (''Slave_IO'', ''Slave_SQL'')) + (SELECT COUNT(*) FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = ''SLAVE_HEARTBEAT_PERIOD'' AND VARIABLE_VALUE > 0) + (@@GLOBAL.gtid_slave_pos <> '''') INTO @evenkeel_table');
SET @evenkeel_replica = @@GLOBAL.read_only NOT IN ('0', 'OFF') OR @evenkeel_table > 0;
EXECUTE IMMEDIATE IF(@evenkeel_replica = 0, 'DO 0', 'SET SESSION sql_log_bin = 0');

-- For check_mysql_replication, from the server's own host. The binary log gets the password's hash.
EXECUTE IMMEDIATE CONCAT('CREATE USER IF NOT EXISTS ''evenkeel_monitor''@''localhost'' IDENTIFIED BY PASSWORD ''', PASSWORD('CHANGE-ME'), '''');
EXECUTE IMMEDIATE CONCAT('ALTER USER ''evenkeel_monitor''@''localhost'' IDENTIFIED BY PASSWORD ''', PASSWORD('CHANGE-ME'), '''');
-- Sees SHOW ALL SLAVES STATUS; cannot start, stop or change anything.
GRANT SLAVE MONITOR ON *.* TO 'evenkeel_monitor'@'localhost';

-- For check_table_sync, from the host that compares: narrow the % to it. In a schema's name, a _ or a % is a wildcard
-- without a backslash before it: my_shop is `my\_shop`. What an earlier run granted stays; evenkeel-grant takes it back.
EXECUTE IMMEDIATE CONCAT('CREATE USER IF NOT EXISTS ''evenkeel_sync''@''%'' IDENTIFIED BY PASSWORD ''', PASSWORD('CHANGE-ME'), '''');
EXECUTE IMMEDIATE CONCAT('ALTER USER ''evenkeel_sync''@''%'' IDENTIFIED BY PASSWORD ''', PASSWORD('CHANGE-ME'), '''');
GRANT SELECT ON shop.* TO 'evenkeel_sync'@'%';

-- With --max-lag, or where replicas follow by file and position, check_table_sync looks at replication as well:
-- GRANT SLAVE MONITOR ON *.* TO 'evenkeel_sync'@'%';

EXECUTE IMMEDIATE CONCAT('SET SESSION sql_log_bin = ', @evenkeel_log_bin);
SELECT IF(@evenkeel_replica = 0, 'the accounts reach the replicas by replication', 'on this server alone: it is a replica, or was one. If it is the source now, use evenkeel-grant') AS evenkeel;
