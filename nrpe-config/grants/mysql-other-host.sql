-- MySQL 8 and 9: a second account of check_mysql_replication, for a host that asks from elsewhere. Its address
-- stands in place of 192.0.2.1; a name works where the server resolves names. Otherwise as mysql.sql: put a password in
-- place of CHANGE-ME in a copy of your own, run it once, on the source; or use evenkeel-grant monitor --host ADDRESS.
-- MySQL's accounts want a socket or verified TLS: give the check --ssl, or put ssl-ca into its option file.

SET @evenkeel_log_bin = @@SESSION.sql_log_bin;
SET @evenkeel_replica = 1;
SET @evenkeel_replica = @@GLOBAL.read_only OR EXISTS (SELECT * FROM performance_schema.replication_connection_configuration WHERE LEFT(CHANNEL_NAME, 18) <> 'group_replication_');
SET @evenkeel_statement = IF(@evenkeel_replica = 0, 'DO 0', 'SET SESSION sql_log_bin = 0');
PREPARE evenkeel FROM @evenkeel_statement;
EXECUTE evenkeel;

CREATE USER IF NOT EXISTS 'evenkeel_monitor'@'192.0.2.1' IDENTIFIED BY 'CHANGE-ME';
ALTER USER 'evenkeel_monitor'@'192.0.2.1' IDENTIFIED BY 'CHANGE-ME';
GRANT REPLICATION CLIENT ON *.* TO 'evenkeel_monitor'@'192.0.2.1';
GRANT SELECT ON performance_schema.* TO 'evenkeel_monitor'@'192.0.2.1';

SET @evenkeel_statement = CONCAT('SET SESSION sql_log_bin = ', @evenkeel_log_bin);
PREPARE evenkeel FROM @evenkeel_statement;
EXECUTE evenkeel;
DEALLOCATE PREPARE evenkeel;
SELECT IF(@evenkeel_replica = 0, 'the accounts reach the replicas by replication', 'on this server alone: it is read-only or a replica') AS evenkeel;
