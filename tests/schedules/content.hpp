// What a session holds in these tests, so that each version of it says whether it is whole and which changes are in it.
#pragma once

#include <sess/editor.hpp>

#include <cstdint>

#include "ledger.hpp"

namespace sess::test {

/// How a change is written; how the changes of others come into it.
enum class Writing : std::uint8_t {
  blind,    // add and set
  derived,  // what is there is read first
};

/// The mark's own name, one more in the count, the mark as the last one and a text made of it, of 0 to 900 bytes, so
/// that versions differ in length.
void write_mark(Editor& editor, unsigned mark, Writing writing);

/// Whole if the count is that of the marks, and the text that of the last mark.
Content content_of(const Values& values);

}  // namespace sess::test
