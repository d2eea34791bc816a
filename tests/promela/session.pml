/*
 * A model of the file protocol (src/PROTOCOL.md) for the model checker Spin: one session, and the operations on it as
 * processes that take turns in every order, at every system call.
 *
 * A configuration (-D) says who takes part, and what may go wrong:
 *
 *   WRITERS, RENAME_WRITERS   updates or merges; the second kind renames where the first exchanges
 *   COMMITS                   how often each commits under one lock (1)
 *   READERS, TOUCHES, DESTROYS, CREATES
 *   SWEEPS, LEFTOVER_SWEEPS, SPARE_SWEEPS    of the record, of a temp file, of an idle session's spare
 *   STRANGERS                 files of another session, which recycle inodes
 *   CLOCK                     the session's first deadline passes at some time
 *   DAMAGES                   the content of K is lost at some time (DAMAGE_SPARES_HEADER: but for the header)
 *   KILLS                     so many processes are killed, at any call
 *   FAULTS                    so many calls of a commit or a recovery answer an error
 *   NO_RECORD, NO_SPARE, NO_SPACE    at first there is no session, no K~; there is never space for a temp file
 *   CREATE_BY_LINK, SCRUB     variants
 *
 * All of it at once is more than a search can go through: 3 writers, 2 sweeps, reader, touch, destroy, creation,
 * recovery and kills would have far more than 1e9 states. These are together, at most (LONG=1):
 *
 *   5 writers, 2 kills
 *   4 writers, reader, kill
 *   3 writers, touch, 2 sweeps, clock, kill
 *   2 writers, rename writer, touch, destroy, sweep, clock, kill
 *   3 writers, reader, destroy, sweep, clock
 *   2 writers, touch, destroy, creation, sweep, clock
 *   2 writers, reader, damage, touch, sweep, clock
 *   3 writers, reader, sweep of the spare, kill
 *
 * Never together are, for example, a reader with a touch, a sweep and a kill; a creation with damage; a destroy with
 * two sweeps. An error that needs such a company is not found here. (Two readers are no more than one: they change
 * nothing.)
 */

#ifndef WRITERS
#define WRITERS 0
#endif
#ifndef RENAME_WRITERS
#define RENAME_WRITERS 0
#endif
#ifndef COMMITS
#define COMMITS 1
#endif
#ifndef READERS
#define READERS 0
#endif
#ifndef TOUCHES
#define TOUCHES 0
#endif
#ifndef SWEEPS
#define SWEEPS 0
#endif
#ifndef SPARE_SWEEPS
#define SPARE_SWEEPS 0
#endif
#ifndef LEFTOVER_SWEEPS
#define LEFTOVER_SWEEPS 0
#endif
#ifndef DESTROYS
#define DESTROYS 0
#endif
#ifndef CREATES
#define CREATES 0
#endif
#ifndef STRANGERS
#define STRANGERS 0
#endif
#ifndef DAMAGES
#define DAMAGES 0
#endif
#ifndef KILLS
#define KILLS 0
#endif
#ifndef FAULTS
#define FAULTS 0
#endif
#ifndef INODES
#define INODES 9
#endif

byte kills = KILLS;
byte faults = FAULTS;
byte turn[6]; /* which process of each kind starts next */

#include "vocabulary.pml"
#include "promises.pml"
#include "disk.pml"
#include "steps.pml"
#include "operations.pml"

#define run_all(count, ...) \
  n = 0; \
  do \
  :: n < (count) -> process++; n++; __VA_ARGS__ \
  :: else -> break \
  od

init {
  byte process = 0, n = 0;

  d_step {
#ifndef NO_RECORD
    inode[1].first = version(2, 1, 0, FIRST_DEADLINE);
    inode[1].second = inode[1].first;
    inode[1].mtime = stamp(FIRST_DEADLINE, 2);
    inode[1].peak = 2;
    inode[1].links = 1;
    name[K] = 1;
    committed = inode[1].first;
    make_history(committed);
    increments = count_of(committed);
#ifndef NO_SPARE
    inode[2].first = version(1, 0, 0, FIRST_DEADLINE);
    inode[2].second = inode[2].first;
    inode[2].mtime = stamp(FIRST_DEADLINE, 1);
    inode[2].peak = 1;
    inode[2].links = 1;
    name[SPARE] = 2;
#endif
#endif
    turn[WRITE] = 1;
    turn[WRITE_BY_RENAME] = turn[WRITE] + WRITERS;
    turn[CREATE] = turn[WRITE_BY_RENAME] + RENAME_WRITERS;
    turn[TOUCH] = turn[CREATE] + CREATES + STRANGERS;
    turn[DESTROY] = turn[TOUCH] + TOUCHES;
    turn[SWEEP] = turn[DESTROY] + DESTROYS
  }
  atomic {
#if WRITERS > 0
    run_all(WRITERS, run writer(process, WRITE, false));
#endif
#if RENAME_WRITERS > 0
    run_all(RENAME_WRITERS, run writer(process, WRITE_BY_RENAME, true));
#endif
#if CREATES > 0
    run_all(CREATES, run create(process));
#endif
#if STRANGERS > 0
    run_all(STRANGERS, run stranger(process));
#endif
#if TOUCHES > 0
    run_all(TOUCHES, run touch(process));
#endif
#if DESTROYS > 0
    run_all(DESTROYS, run destroy(process));
#endif
#if SWEEPS > 0
    run_all(SWEEPS, run sweep(process));
#endif
#if LEFTOVER_SWEEPS > 0
    run_all(LEFTOVER_SWEEPS, run sweep_leftover(process));
#endif
#if SPARE_SWEEPS > 0
    run_all(SPARE_SWEEPS, run sweep_spare(process));
#endif
#if READERS > 0
    run_all(READERS, run reader(process));
#endif
#if DAMAGES > 0
    run_all(DAMAGES, run damage());
#endif
#ifdef CLOCK
    run tick();
#endif
    process = 0;
    n = 0
  }
  _nr_pr == 1;
  d_step {
    /* When all have ended. */
    n = 1;
    do
    :: n < INODES ->
       promise(nothing_left_open, inode[n].owner == NONE && inode[n].open == 0);
       n++
    :: else -> break
    od;
    promise(no_spare_alone, name[K] != NONE || name[SPARE] == NONE);
    promise(no_resurrection, name[K] == NONE || !destroyed);
    if
    :: name[K] != NONE && verifies(name[K]) ->
       promise(no_lost_update, inode[name[K]].first == committed && count_of(committed) == increments)
    :: else
    fi
  }
}
