// The header of a record: what is noticed, and what it is called.
#include "format/header.hpp"

#include "allocation_meter.hpp"

#include <doctest/doctest.h>

#include <xxhash.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

using namespace sess;
using namespace sess::format;
using Kind = Unverified::Kind;
using Bytes = std::vector<std::byte>;

namespace {

const SessionKey key = *SessionKey::parse("3f0102030405060708090a0b0c0d0e0f10111213");

Header sample() {
  Header header;
  header.state = RecordState::superseded;
  header.kind = SessionKind::authenticated;
  header.key = key;
  header.generation = 0x0102030405060708;
  header.created = 1'700'000'000'123;
  header.idle_timeout = 1'440'000;
  header.deadline = 1'700'001'440'123;
  header.absolute_deadline = 1'700'028'800'123;
  for (std::size_t i = 0; i < header.principal.size(); ++i) header.principal[i] = static_cast<std::uint8_t>(0xe0 + i);
  return header;
}

Bytes payload_of(std::size_t size) {
  Bytes payload(size);
  for (std::size_t i = 0; i < size; ++i) payload[i] = static_cast<std::byte>(i * 7 + 1);
  return payload;
}

Bytes record_of(const Header& header, std::size_t payload_size = 24) {
  Bytes record;
  encode_record(header, payload_of(payload_size), newest_format, record);
  return record;
}

void put(Bytes& record, std::size_t at, std::uint64_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) record[at + i] = static_cast<std::byte>(value >> (8 * i));
}

/// The checksum made right again, so that only what is being tested is wrong. Written down here once more, after
/// src/FORMAT.md, and not taken from the encoder.
void seal(Bytes& record) {
  put(record, 120, XXH3_64bits_withSeed(record.data() + 128, record.size() - 128, XXH3_64bits(record.data(), 120)), 8);
}

/// What verification says; fails the test if it finds a record.
Unverified unverified(const Bytes& record, const SessionKey& wanted = key) {
  const auto verified = verify_record(record, wanted);
  REQUIRE(std::holds_alternative<Unverified>(verified));
  return std::get<Unverified>(verified);
}

}  // namespace

TEST_CASE("a header comes back as it was written, beside its payload") {
  for (const auto state : {RecordState::live, RecordState::superseded, RecordState::forward}) {
    for (const auto kind : {SessionKind::anonymous, SessionKind::authenticated}) {
      Header header = sample();
      header.state = state;
      header.kind = kind;
      const Bytes record = record_of(header);
      header.payload_size = 24;
      const auto verified = verify_record(record, key);
      REQUIRE(std::holds_alternative<Header>(verified));
      CHECK(std::get<Header>(verified) == header);
      CHECK(std::equal(record.begin() + header_size, record.end(), payload_of(24).begin()));
    }
  }
}

TEST_CASE("large numbers of a header come back") {
  constexpr std::int64_t largest = std::int64_t{1} << 48;
  for (const std::int64_t time : {std::int64_t{0}, std::int64_t{1}, largest}) {
    Header header = sample();
    header.generation = std::uint64_t{1} << 62;
    header.idle_timeout = largest;
    header.created = header.deadline = header.absolute_deadline = time;
    const auto verified = verify_record(record_of(header, 0), key);
    REQUIRE(std::holds_alternative<Header>(verified));
    CHECK(std::get<Header>(verified) == header);
  }
}

TEST_CASE("numbers that nobody has written do not verify, whatever the checksum says") {
  constexpr std::int64_t over = (std::int64_t{1} << 48) + 1;
  const auto refused = [](auto change) {
    Header header = sample();
    change(header);
    const auto verified = verify_record(record_of(header, 0), key);
    const auto* why = std::get_if<Unverified>(&verified);
    return why != nullptr && why->kind == Unverified::Kind::corrupt;
  };
  for (const std::int64_t time : {INT64_MIN, std::int64_t{-1}, over, INT64_MAX}) {
    CAPTURE(time);
    CHECK(refused([&](Header& header) { header.created = time; }));
    CHECK(refused([&](Header& header) { header.deadline = time; }));
    CHECK(refused([&](Header& header) { header.absolute_deadline = time; }));
    CHECK(refused([&](Header& header) { header.idle_timeout = time; }));
  }
  CHECK(refused([](Header& header) { header.idle_timeout = 0; }));
  CHECK(refused([](Header& header) { header.generation = 0; }));
  CHECK(refused([](Header& header) { header.generation = UINT64_MAX; }));
}

TEST_CASE("each single flipped bit of a record is noticed") {
  const Bytes record = record_of(sample());
  for (std::size_t bit = 0; bit < record.size() * 8; ++bit) {
    CAPTURE(bit);
    Bytes damaged = record;
    damaged[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    const Kind kind = unverified(damaged).kind;
    // A changed version cannot be told from a newer format, and is left alone like one. Version 0 never was.
    const bool in_version = bit / 8 == 8 || bit / 8 == 9;
    CHECK((kind == Kind::foreign) == (in_version && bit != 64));
  }
}

TEST_CASE("a record that is cut off anywhere, or goes on too long, is corrupt") {
  const Bytes record = record_of(sample());
  for (std::size_t size = 0; size < record.size(); ++size) {
    CAPTURE(size);
    CHECK(unverified({record.begin(), record.begin() + static_cast<std::ptrdiff_t>(size)}).kind == Kind::corrupt);
  }
  Bytes longer = record;
  longer.push_back(std::byte{0});
  CHECK(unverified(longer).kind == Kind::corrupt);
  longer.resize(10'000);
  CHECK(unverified(longer).kind == Kind::corrupt);
}

TEST_CASE("a file of zeros, an empty file and a torn one are corrupt") {
  CHECK(unverified({}).why == "the file is empty");
  CHECK(unverified(Bytes(512)).kind == Kind::corrupt);
  // Some sectors of the old version and the rest of the new: each is whole, together they are neither.
  const Bytes older = record_of(sample(), 1024);
  Header next = sample();
  ++next.generation;
  Bytes other_payload = payload_of(1024);
  std::ranges::reverse(other_payload);
  Bytes newer;
  encode_record(next, other_payload, newest_format, newer);
  for (const unsigned sectors : {1U, 2U, 3U, 4U, 5U, 6U}) {
    CAPTURE(sectors);
    Bytes torn = older;
    for (std::size_t i = 0; i < torn.size(); ++i)
      if ((sectors >> (i / 512) & 1U) != 0) torn[i] = newer[i];
    CHECK(unverified(torn).kind == Kind::corrupt);
  }
}

TEST_CASE("a newer format is foreign, whatever follows its version") {
  for (const unsigned version : {2U, 3U, 256U, 65535U}) {
    CAPTURE(version);
    Bytes record = record_of(sample());
    put(record, 8, version, 2);
    CHECK(unverified(record).kind == Kind::foreign);
    seal(record);
    CHECK(unverified(record).kind == Kind::foreign);
    put(record, 10, 256, 2);  // another size of the header
    CHECK(unverified(record).kind == Kind::foreign);
    std::fill(record.begin() + 10, record.end(), std::byte{0xee});
    CHECK(unverified(record).kind == Kind::foreign);
    for (const std::size_t size : {127U, 64U, 11U, 10U}) {  // its header may be shorter
      record.resize(size);
      CHECK(unverified(record).kind == Kind::foreign);
    }
  }
  Bytes record = record_of(sample());
  put(record, 8, 0, 2);
  seal(record);
  CHECK(unverified(record).kind == Kind::corrupt);
}

TEST_CASE("a state, kind or flag that this program does not know is foreign, if the checksum is right") {
  const auto changed = [](std::size_t at, std::uint8_t value) {
    Bytes record = record_of(sample());
    record[at] = static_cast<std::byte>(value);
    CHECK(unverified(record).kind == Kind::corrupt);
    seal(record);
    return unverified(record).kind;
  };
  CHECK(changed(12, 0) == Kind::foreign);
  CHECK(changed(12, 4) == Kind::foreign);
  CHECK(changed(13, 2) == Kind::foreign);
  CHECK(changed(14, 2) == Kind::foreign);  // it leads on, and to nothing
  CHECK(changed(14, 3) == Kind::foreign);
  CHECK(changed(14, 4) == Kind::foreign);
  CHECK(changed(15, 0x80) == Kind::foreign);
}

TEST_CASE("the flag of a sealed payload comes back, but in a forward record, whose payload is never sealed") {
  for (const auto state : {RecordState::live, RecordState::superseded, RecordState::forward}) {
    Header header = sample();
    header.state = state;
    header.sealed = true;
    const auto verified = verify_record(record_of(header), key);
    if (state == RecordState::forward) {
      REQUIRE(std::holds_alternative<Unverified>(verified));
      CHECK(std::get<Unverified>(verified).kind == Kind::foreign);
    } else {
      REQUIRE(std::holds_alternative<Header>(verified));
      CHECK(std::get<Header>(verified).sealed);
    }
  }
}

TEST_CASE("the flag of what leads on comes back, where there is a successor and the payload is not sealed") {
  for (const auto state : {RecordState::live, RecordState::superseded, RecordState::forward})
    for (const bool has_successor : {false, true})
      for (const bool sealed : {false, true}) {
        Header header = sample();
        header.state = state;
        if (has_successor) header.successor = *SessionKey::parse("00000000000000000000000000000000000000ff");
        header.sealed = sealed;
        header.leads = true;
        const auto verified = verify_record(record_of(header), key);
        const bool fits = state == RecordState::superseded && has_successor && !sealed;
        REQUIRE(std::holds_alternative<Header>(verified) == fits);
        if (fits) CHECK(std::get<Header>(verified).leads);
        if (!fits) CHECK(std::get<Unverified>(verified).kind == Kind::foreign);
      }
}

TEST_CASE("only a superseded record has a successor; in another one it is foreign") {
  for (const auto state : {RecordState::live, RecordState::superseded, RecordState::forward}) {
    Header header = sample();
    header.state = state;
    header.successor = *SessionKey::parse("00000000000000000000000000000000000000ff");
    const auto verified = verify_record(record_of(header), key);
    if (state == RecordState::superseded) {
      REQUIRE(std::holds_alternative<Header>(verified));
      CHECK(std::get<Header>(verified).successor == header.successor);
    } else {
      REQUIRE(std::holds_alternative<Unverified>(verified));
      CHECK(std::get<Unverified>(verified).kind == Kind::foreign);
    }
  }
}

TEST_CASE("the record of another session is corrupt, also under a right checksum") {
  CHECK(unverified(record_of(sample()), SessionKey()).kind == Kind::corrupt);
  for (std::size_t bit = 0; bit < SessionKey::size * 8; ++bit) {
    SessionKey::Bytes bytes = key.bytes();
    bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    CAPTURE(bit);
    CHECK(unverified(record_of(sample()), SessionKey(bytes)).why == "the record belongs to another session");
  }
}

TEST_CASE("a wrong magic or header size is corrupt, also under a right checksum") {
  for (std::size_t at : {0U, 1U, 7U, 10U, 11U}) {
    Bytes record = record_of(sample());
    record[at] ^= std::byte{0x10};
    seal(record);
    CAPTURE(at);
    CHECK(unverified(record).kind == Kind::corrupt);
  }
}

TEST_CASE("a forged payload length is refused, and nothing is allocated for it") {
  const Bytes record = record_of(sample());
  for (const std::uint32_t length : {0U, 1U, 23U, 25U, 152U, 1U << 30, (1U << 30) + 1, 1U << 31, 0xffffffffU}) {
    CAPTURE(length);
    Bytes forged = record;
    put(forged, 96, length, 4);
    seal(forged);
    const test::AllocationMeter meter;
    const auto verified = verify_record(forged, key);
    CHECK(meter.highest() < 1024);
    REQUIRE(std::holds_alternative<Unverified>(verified));
    CHECK(std::get<Unverified>(verified).kind == Kind::corrupt);
  }
}

TEST_CASE("what is written replaces what the buffer held") {
  Bytes record(5000, std::byte{0xff});
  encode_record(sample(), payload_of(3), newest_format, record);
  CHECK(record == record_of(sample(), 3));
  encode_record(sample(), {}, newest_format, record);
  CHECK(record.size() == header_size);
}

TEST_CASE("the generation that a damaged record claims is read, if it is one of this key") {
  Bytes record = record_of(sample());
  record[50] ^= std::byte{1};  // the checksum is wrong now
  CHECK(claimed_generation(record, key) == 0x0102030405060708U);
  record.resize(header_size);
  CHECK(claimed_generation(record, key) == 0x0102030405060708U);
  CHECK_FALSE(claimed_generation(record, SessionKey()).has_value());
  record.resize(header_size - 1);
  CHECK_FALSE(claimed_generation(record, key).has_value());
  CHECK_FALSE(claimed_generation({}, key).has_value());
  CHECK_FALSE(claimed_generation(Bytes(header_size), SessionKey()).has_value());
}

TEST_CASE("a record that verifies says whose it is, and no other bytes do") {
  Bytes record = record_of(sample());
  CHECK(verified_key(record) == key);
  record.back() ^= std::byte{1};
  CHECK_FALSE(verified_key(record));
  CHECK_FALSE(verified_key({}));
  CHECK_FALSE(verified_key(Bytes(127)));
}

TEST_CASE("what the header of a damaged record claims is told, within what times can be") {
  Bytes record = record_of(sample());
  record.back() ^= std::byte{1};
  REQUIRE(claimed_header(record));
  Header expected = sample();
  expected.payload_size = 24;
  CHECK(*claimed_header(record) == expected);
  for (std::size_t i = 12; i < record.size(); ++i) record[i] = std::byte{0xff};
  const auto wild = claimed_header(record);
  REQUIRE(wild);
  CHECK(wild->created == 0);  // -1
  CHECK(wild->generation <= std::uint64_t{1} << 62);
  put(record, 24, std::uint64_t{1} << 62, 8);
  CHECK(claimed_header(record)->created < std::int64_t{1} << 43);
  record.resize(127);
  CHECK_FALSE(claimed_header(record));
  CHECK_FALSE(claimed_header({}));
}
