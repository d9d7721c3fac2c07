-- MariaDB 10.5.9 and later: a second account of check_mysql_replication, for a host that asks from elsewhere. Its address
-- stands in place of 192.0.2.1; a name works where the server resolves names. Otherwise as mariadb.sql: put a password in
-- place of CHANGE-ME in a copy of your own, run it once, on the source; or use evenkeel-grant monitor --host ADDRESS.

SET @evenkeel_log_bin = @@SESSION.sql_log_bin;
SELECT @@GLOBAL.read_only NOT IN ('0', 'OFF') OR COUNT(*) > 0 INTO @evenkeel_replica FROM information_schema.PROCESSLIST WHERE COMMAND IN ('Slave_IO', 'Slave_SQL');
EXECUTE IMMEDIATE IF(@evenkeel_replica, 'SET SESSION sql_log_bin = 0', 'DO 0');

EXECUTE IMMEDIATE CONCAT('CREATE USER IF NOT EXISTS ''evenkeel_monitor''@''192.0.2.1'' IDENTIFIED BY PASSWORD ''', PASSWORD('CHANGE-ME'), '''');
EXECUTE IMMEDIATE CONCAT('ALTER USER ''evenkeel_monitor''@''192.0.2.1'' IDENTIFIED BY PASSWORD ''', PASSWORD('CHANGE-ME'), '''');
GRANT SLAVE MONITOR ON *.* TO 'evenkeel_monitor'@'192.0.2.1';

EXECUTE IMMEDIATE IF(@evenkeel_replica, CONCAT('SET SESSION sql_log_bin = ', @evenkeel_log_bin), 'DO 0');
