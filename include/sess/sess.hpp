// Everything for a program that uses a store. The web layer has headers of its own under sess/web/.
#pragma once

#include <sess/codec.hpp>
#include <sess/editor.hpp>
#include <sess/error.hpp>
#include <sess/event.hpp>
#include <sess/gc.hpp>
#include <sess/locks.hpp>
#include <sess/progress.hpp>
#include <sess/quarantine.hpp>
#include <sess/repair.hpp>
#include <sess/result.hpp>
#include <sess/session.hpp>
#include <sess/session_id.hpp>
#include <sess/snapshot.hpp>
#include <sess/store.hpp>
#include <sess/transfer.hpp>
#include <sess/value.hpp>
#include <sess/verify.hpp>
#include <sess/version.hpp>
