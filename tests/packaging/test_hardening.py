"""What the compiler and the linker were told to guard against, read from what they made."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from conftest import BUILD, run

BUILT = [BUILD / "common/libevenkeel.so", *sorted((BUILD / "plugins").glob("check_*/check_*"))]
BINARIES = [path for path in BUILT if path.is_file() and path.name != "check_stub" and not path.suffix == ".a"]
GUARDS = ("-fstack-protector-strong", "-fstack-clash-protection", "-fcf-protection")


def is_release() -> bool:
    return "CMAKE_BUILD_TYPE:STRING=RelWithDebInfo" in (BUILD / "CMakeCache.txt").read_text()


pytestmark = pytest.mark.skipif(not is_release(), reason="only what is shipped is hardened")


def flags_of_our_sources(path: Path) -> list[str]:
    """The command line of each compiled source, as the compiler noted it; of our sources alone."""
    told = run("readelf", "--debug-dump=info", "--dwarf-depth=1", path)
    units = re.split(r"Abbrev Number: \d+ \(DW_TAG_compile_unit\)", told)[1:]
    ours = []
    for unit in units:
        # A compiler cache may write paths relative to the build folder.
        if not re.search(r"DW_AT_name\s*:.*(common|plugins)/\S+\.cpp\s*$", unit, re.MULTILINE):
            continue
        producer = re.search(r"DW_AT_producer\s*:(.*)", unit)
        assert producer, unit
        ours.append(producer[1])
    return ours


def test_there_are_binaries() -> None:
    assert len(BINARIES) >= 5


@pytest.mark.parametrize("path", BINARIES, ids=lambda path: path.name)
def test_each_of_our_sources_was_compiled_with_the_guards(path: Path) -> None:
    flags = flags_of_our_sources(path)
    assert flags
    for line in flags:
        for guard in GUARDS:
            assert guard in line


@pytest.mark.parametrize("path", BINARIES, ids=lambda path: path.name)
def test_functions_begin_with_a_landing_pad_and_libc_calls_are_checked(path: Path) -> None:
    code = run("objdump", "-d", "--no-show-raw-insn", path)
    assert re.search(r"<main>:\n.*endbr64|<_?_?\w*evenkeel\w*[^>]*>:\n.*endbr64", code)
    symbols = run("nm", "-D", "--undefined-only", path)
    assert "__stack_chk_fail" in symbols


def test_definitions_of_the_release_build() -> None:
    flags = re.search(r"CMAKE_CXX_FLAGS_RELWITHDEBINFO:STRING=(.*)", (BUILD / "CMakeCache.txt").read_text())
    assert flags
    words = flags[1].split()
    assert "-D_GLIBCXX_ASSERTIONS" in words
    # A distribution's compiler may define it already, to less.
    assert words.index("-U_FORTIFY_SOURCE") < words.index("-D_FORTIFY_SOURCE=3")


def test_the_library_checks_indexes_and_lengths() -> None:
    symbols = run("nm", "-C", BUILD / "common/libevenkeel.so")
    assert "std::__glibcxx_assert_fail" in symbols
