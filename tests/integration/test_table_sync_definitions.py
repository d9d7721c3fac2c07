"""Definitions across families and versions: what is the same is silent, what differs is said."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from conftest import PluginRunner
from sandbox import KindUnavailable, Sandbox, Server
from sync_scene import SyncScene

SHARED_SERVERS = "versions"  # see conftest.py
# Shapes of well-known schemas, in the types that these applications use.
MEDIAWIKI = [
    "create table mw.page (page_id int unsigned not null auto_increment primary key, page_namespace int not null, "
    "page_title varbinary(255) not null, page_is_redirect tinyint unsigned not null default 0, "
    "page_random double unsigned not null, page_touched binary(14) not null, page_links_updated varbinary(14) default null, "
    "page_latest int unsigned not null, page_len int unsigned not null, page_content_model varbinary(32) default null, "
    "page_lang varbinary(35) default null, unique key page_name_title (page_namespace, page_title)) default charset=binary",
    "create table mw.image (img_name varbinary(255) not null default '' primary key, img_size bigint unsigned not null "
    "default 0, img_width int not null default 0, img_metadata mediumblob not null, img_bits int not null default 0, "
    "img_media_type enum('UNKNOWN','BITMAP','DRAWING','AUDIO','VIDEO','3D') default null, "
    "img_major_mime enum('unknown','application','audio','image','text','chemical') not null default 'unknown', "
    "img_minor_mime varbinary(100) not null default 'unknown', img_description_id bigint unsigned not null, "
    "img_timestamp binary(14) not null, img_sha1 varbinary(32) not null default '') default charset=binary",
    "create table mw.user (user_id int unsigned not null auto_increment primary key, user_name varchar(255) binary not null "
    "default '', user_password tinyblob not null, user_newpass_time binary(14) default null, user_email tinytext not null, "
    "user_touched binary(14) not null, user_token binary(32) not null default "
    "'\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0', "
    "user_email_token binary(32) default null, user_editcount int unsigned default null, "
    "user_is_temp tinyint(1) not null default 0) default charset=binary",
    "create table mw.recentchanges (rc_id bigint unsigned not null auto_increment primary key, rc_timestamp binary(14) not "
    "null default '19700101000000', rc_source varchar(16) binary not null default '', rc_ip varbinary(40) not null default "
    "'', rc_old_len int default null, rc_deleted tinyint unsigned not null default 0, rc_params blob null) default "
    "charset=binary",
    "create table mw.uploadstash (us_id int unsigned not null auto_increment primary key, us_key varchar(255) not null, "
    "us_media_type enum('UNKNOWN','BITMAP') character set latin1 binary default 'BITMAP', us_props blob) "
    "character set utf8mb4 collate utf8mb4_bin",
    "create table mw.wb_items (ips_row_id bigint unsigned not null auto_increment primary key, ips_site_id varbinary(32) not "
    "null, ips_weight decimal(10,5) not null default '0.00000', term_full_entity_id varbinary(32) default 'Q0', "
    "eu_touched varbinary(14) not null default '\\0') default charset=binary",
]
OTHERS = [
    "create table mw.wp_posts (ID bigint(20) unsigned not null auto_increment primary key, post_date datetime not null default "
    "'0000-00-00 00:00:00', post_content longtext not null, post_status varchar(20) not null default 'publish', "
    "menu_order int(11) not null default '0', comment_count bigint(20) not null default '0') "
    "default charset=utf8mb4 collate=utf8mb4_unicode_520_ci",
    "create table mw.wp_options (option_id bigint(20) unsigned not null auto_increment primary key, option_name varchar(191) "
    "not null default '', autoload varchar(20) not null default 'yes', unique key option_name (option_name)) "
    "default charset=utf8mb4 collate=utf8mb4_unicode_ci",
    "create table mw.drupal_node (nid int unsigned not null auto_increment primary key, uuid varchar(128) character set ascii "
    "not null, langcode varchar(12) character set ascii not null, status tinyint not null default 1, data longblob default "
    "null, weight float not null default 0) default charset=utf8mb4 collate=utf8mb4_general_ci",
    "create table mw.oc_filecache (fileid bigint not null auto_increment primary key, storage bigint not null default 0, "
    "path varchar(4000) default null, path_hash varchar(32) not null default '', checksum varchar(255) default null, "
    "creation_time bigint not null default 0, mtime bigint not null default '0') default charset=utf8mb4 collate=utf8mb4_bin",
    "create table mw.magento_order (entity_id int unsigned not null auto_increment primary key, grand_total decimal(20,4) "
    "default null, weight decimal(12,4) default '0.0000', is_virtual smallint unsigned default 0, created_at timestamp not "
    "null default current_timestamp, updated_at timestamp not null default current_timestamp on update current_timestamp, "
    "x json, code varchar(32) default 'it''s \\\\ odd') default charset=utf8mb3 collate=utf8mb3_general_ci",
    "create table mw.zabbix_history (itemid bigint unsigned not null, clock integer default '0' not null, value double "
    "precision default '0.0000' not null, ns integer default '0' not null, txt varchar(255) default '' not null, "
    "primary key (itemid, clock, ns)) default charset=utf8mb4 collate=utf8mb4_bin",
    "create table mw.clock (id int primary key, a datetime(3) default now(3) on update now(3), b datetime default now(), "
    "c timestamp(6) null default current_timestamp(6), d time default '10:00', e year default 2000, f bit(4) default b'0101', "
    "g int(5) unsigned zerofill default 7, h double default 1e300, i varbinary(9) default x'00ff41', "
    "j varbinary(9) default x'ff', k set('a','b') character set binary default 'a,b', l binary(3) default 'ab', "
    "m int generated always as (id + 1) stored, n varchar(9) default null, o decimal(8,3) default 1.5) "
    "default charset=utf8mb4 collate=utf8mb4_bin",
]
TABLES = [*MEDIAWIKI, *OTHERS]


@pytest.fixture(scope="module")
def versions() -> Iterator[list[Server]]:
    """One server of each family and version that can be had, none of them a replica."""
    with Sandbox() as box:
        servers = []
        for kind in ("mariadb-10.11", "mariadb-11.8", "mysql-9.7"):
            try:
                servers.append(box.server(kind.replace(".", "-"), kind=kind))
            except KindUnavailable:
                continue
        if len(servers) < 2:
            pytest.skip("no second version of a server can be had")
        yield servers


@pytest.fixture
def scene(versions: list[Server], plugin: PluginRunner) -> SyncScene:
    for server in versions:
        server.sql(["drop database if exists mw", "create database mw character set utf8mb4 collate utf8mb4_bin"])
    return SyncScene(versions, plugin, grants=["select on mw.*"])


def create(server: Server, tables: list[str]) -> None:
    server.sql(["set sql_mode=''", *tables])


def check(scene: SyncScene, *options: object) -> list[object]:
    return ["--table", "mw.*", "--confirm", "0.2", *options]


def test_schemas_of_applications_are_the_same_on_all_servers(scene: SyncScene) -> None:
    for server in scene.servers:
        create(server, TABLES)
    answer = scene.check(*check(scene))
    assert answer.code == 0 and f"{len(TABLES)} tables" in answer.line1, answer


# Each is one change of one column, as an ALTER that ran on one side leaves it.
CHANGES = [
    ("image", "img_minor_mime varbinary(100) not null default 'unknowm'", "img_minor_mime"),
    ("image", "img_minor_mime varbinary(100) not null default ''", "img_minor_mime"),
    ("image", "img_minor_mime varbinary(100) not null", "img_minor_mime"),
    ("image", "img_major_mime enum('unknown','application','audio','image','text','chemical') not null default 'audio'",
     "img_major_mime"),
    ("user", "user_is_temp tinyint(1) not null default 1", "user_is_temp"),
    ("user", "user_name varchar(255) binary not null default '0x'", "user_name"),
    ("recentchanges", "rc_timestamp binary(14) not null default '19700101000001'", "rc_timestamp"),
    ("wp_posts", "post_status varchar(20) not null default 'Publish'", "post_status"),
    ("magento_order", "updated_at timestamp not null default current_timestamp", "updated_at"),
    ("magento_order", "weight decimal(12,4) default '0.0001'", "weight"),
    ("magento_order", "code varchar(32) default 'it''s odd'", "code"),
    ("clock", "a datetime(3) default now(3)", "a"),
    ("clock", "b datetime default '2000-01-01 00:00:00'", "b"),
    ("clock", "f bit(4) default b'0100'", "f"),
    ("clock", "n varchar(9) default 'NULL'", "n"),
    ("clock", "l binary(3) default 'abc'", "l"),
    ("oc_filecache", "fileid bigint not null", "fileid"),
]


def test_each_change_of_a_definition_is_said(scene: SyncScene) -> None:
    for server in scene.servers:
        create(server, TABLES)
    for changed in scene.servers:
        for table, column, name in CHANGES:
            others = [statement for statement in TABLES if f"mw.{table} " in statement]
            create(changed, [f"alter table mw.{table} modify {column}"])
            answer = scene.check(*check(scene, "--table", f"mw.{table}"))
            assert answer.code == 1, (changed.version, column, answer)
            assert f"mw.{table}: column {name}: " in answer.line1, (changed.version, column, answer)
            create(changed, [f"drop table mw.{table}", *others])


@pytest.mark.parametrize(("state", "code"), [("ok", 0), ("warning", 1), ("critical", 2), ("unknown", 3), ("2", 2)])
def test_what_a_difference_of_definitions_counts_as(scene: SyncScene, state: str, code: int) -> None:
    for number, server in enumerate(scene.servers):
        server.sql(f"create table mw.t (id int primary key, v varchar(9) default '{number}')")
    answer = scene.check(*check(scene, "--definition", state))
    assert answer.code == code and "mw.t: column v: default '1' instead of '0'" in answer.stdout, answer
    assert "no difference" not in answer.line1


def test_a_state_that_is_none(scene: SyncScene) -> None:
    answer = scene.check(*check(scene, "--definition", "red"))
    assert answer.code == 3 and '--definition: "red" is no state' in answer.line1, answer
