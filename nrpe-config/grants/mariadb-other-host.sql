-- MariaDB 10.5.9 and later: a second account of check_mysql_replication, for a host that asks from elsewhere. Its address
-- stands in place of 192.0.2.1; a name works where the server resolves names. Otherwise as mariadb.sql: put a password in
-- place of CHANGE-ME in a copy of your own, run it once, on the source; or use evenkeel-grant monitor --host ADDRESS.

SET @evenkeel_log_bin = @@SESSION.sql_log_bin;
-- As in mariadb.sql: is this server a replica?
SET @evenkeel_replica = 1;
SELECT COUNT(*) INTO @evenkeel_table FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'information_schema' AND TABLE_NAME = 'SLAVE_STATUS';
EXECUTE IMMEDIATE IF(@evenkeel_table, 'SELECT COUNT(*) INTO @evenkeel_table FROM information_schema.SLAVE_STATUS', 'SELECT (SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE COMMAND IN (''Slave_IO'', ''Slave_SQL'')) + (SELECT COUNT(*) FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = ''SLAVE_HEARTBEAT_PERIOD'' AND VARIABLE_VALUE > 0) + (@@GLOBAL.gtid_slave_pos <> '''') INTO @evenkeel_table');
SET @evenkeel_replica = @@GLOBAL.read_only NOT IN ('0', 'OFF') OR @evenkeel_table > 0;
EXECUTE IMMEDIATE IF(@evenkeel_replica = 0, 'DO 0', 'SET SESSION sql_log_bin = 0');

EXECUTE IMMEDIATE CONCAT('CREATE USER IF NOT EXISTS ''evenkeel_monitor''@''192.0.2.1'' IDENTIFIED BY PASSWORD ''', PASSWORD('CHANGE-ME'), '''');
EXECUTE IMMEDIATE CONCAT('ALTER USER ''evenkeel_monitor''@''192.0.2.1'' IDENTIFIED BY PASSWORD ''', PASSWORD('CHANGE-ME'), '''');
GRANT SLAVE MONITOR ON *.* TO 'evenkeel_monitor'@'192.0.2.1';

EXECUTE IMMEDIATE CONCAT('SET SESSION sql_log_bin = ', @evenkeel_log_bin);
SELECT IF(@evenkeel_replica = 0, 'the accounts reach the replicas by replication', 'on this server alone: it is a replica, or was one. If it is the source now, use evenkeel-grant') AS evenkeel;
