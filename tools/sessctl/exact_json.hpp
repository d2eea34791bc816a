// Values in JSON that brings back every one of them bit by bit, for exports. It has the forms of json_value.hpp, and
//
//   a user type                        {"$user": {"type": "shop.cart", "version": 2, "archive": "AAEC/w=="}}
//   a string that is not UTF-8         {"$string": "/w=="}                   its bytes in base64; also as a type
//   an object with a name like that    {"$members": [[{"$string": "/w=="}, 1], ["plain", 2]]}
//   a NaN other than the usual one     {"$real": "7ff8000000000001"}         its bits
//
// The forms are objects of one name. An object of the session that has one name beginning with $ is {"$object": ...}.
#pragma once

#include <sess/value.hpp>

namespace sessctl {

/// A value that JSON has words for (plain_to_json), and stands for the other. Both recurse as deep as the value nests.
sess::Value to_exact_form(const sess::Value& value);
/// Throws InvalidJson for what to_exact_form does not answer, and for an object nested deeper than all values of a
/// session together can be.
sess::Value from_exact_form(sess::Value form);

}  // namespace sessctl
