// How one table is compared on all servers alike: which columns, in which encoding, along which key.
// Made once by compare_definitions(), then read by all threads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "table_name.h"

namespace evenkeel::table_sync {

// How a stored value becomes text that holds no '#', is equal on every server where the stored value is
// equal, and differs where it differs in any byte.
enum class Encoding {
  number,    // as the server writes it: integers, DECIMAL, YEAR
  decimal,   // DECIMALs whose scale is not the same everywhere
  bits,      // BIT, and ENUM and SET by index where all servers list the same words
  temporal,  // DATE, TIME, DATETIME, TIMESTAMP
  moment,    // temporal whose fractions are not the same everywhere
  ieee,      // FLOAT, DOUBLE: by their bytes
  bytes,     // CHAR, TEXT, BLOB, JSON, spatial and all others: the stored bytes
  text,      // text of several character sets: converted to utf8mb4 first
};

struct ComparedColumn {
  std::string name;
  Encoding encoding = Encoding::bytes;
  bool nullable = false;  // on any server
  int scale = 0;          // for decimal, moment: the largest of all servers
  bool readable = false;  // words for people: text, JSON, ENUM, SET
};

// A column of the key, as range conditions need it.
struct KeyColumn {
  enum class Kind {
    integer,   // printed and compared as a number
    index,     // BIT, ENUM, SET, zerofill: cast to a number
    number,    // DECIMAL
    temporal,  // quoted
    text,      // in `charset`, by the column's collation
    bytes,     // BINARY, VARBINARY, BLOB
    real,      // FLOAT, DOUBLE: the shortest digits that read back as the same number
    address,   // UUID, INET4, INET6: quoted, as the type that `charset` names
  };
  std::string name;
  Kind kind = Kind::integer;
  bool is_unsigned = false;
  std::string charset;    // kind text; of an address, its type
  bool same_sign = true;  // unsigned on all servers, or on none
  // For people:
  std::vector<std::string> words = {};  // of an ENUM or SET
  bool is_set = false;
  bool is_utc = false;  // a TIMESTAMP on some server, which sessions of ours read in UTC
};

struct ComparisonPlan {
  TableName table;
  std::vector<ComparedColumn> columns;  // in the reference's order; includes those of the key
  std::vector<KeyColumn> key;           // empty: compared whole, no rows named
  std::string key_name;                 // for USE INDEX; empty without a key
  std::string where;                    // --where, without brackets; empty for none
  std::uint64_t estimated_rows = 0;     // the largest guess of all servers
  std::uint64_t data_bytes = 0;

  bool has_key() const { return !key.empty(); }
  // Changes when columns, encodings, key or condition change: a kept position is void then. Hex.
  std::string fingerprint() const;
};

}  // namespace evenkeel::table_sync
