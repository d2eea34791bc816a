/*
 * The file system, as far as the protocol can tell: inodes, names, descriptors, flock and times.
 *
 * An inline is one system call of the process `me`. What it prints is what a counter-example consists of.
 */

typedef Inode {
  byte links;   /* names that mean it */
  byte open;    /* descriptors of all processes */
  byte owner;   /* the process that has its flock */
  byte mtime;   /* a stamp */
  short first;  /* content: the first part of a record, with the header; 0 is none */
  short second; /* content: the rest */
  byte peak;    /* ghost: the largest generation that its times have ever named */
};

Inode inode[INODES];
byte name[NAMES];

/* Without names and descriptors an inode is free, and forgets. Its number may be given out at once. */
inline free_if_unused(which) {
  if
  :: inode[which].links == 0 && inode[which].open == 0 ->
     inode[which].mtime = 0;
     inode[which].first = 0;
     inode[which].second = 0;
     inode[which].peak = 0
  :: else
  fi
}

inline remove_name(which) {
  if
  :: name[which] != NONE ->
     inode[name[which]].links--;
     free_if_unused(name[which]);
     name[which] = NONE
  :: else
  fi
}

/* Answers NONE if there is no such name. */
inline open_file(which, fd) {
  d_step {
    fd = name[which];
    if
    :: fd != NONE -> inode[fd].open++
    :: else
    fi;
    printf("%d: open name %d: inode %d\n", me, which, fd)
  }
}

/* open, with O_CREAT and O_EXCL. */
inline create_file(which, fd) {
  d_step {
    assert(name[which] == NONE);
    fd = 1;
    do
    :: fd < INODES && (inode[fd].links > 0 || inode[fd].open > 0) -> fd++
    :: else -> break
    od;
    promise(model_is_large_enough, fd < INODES);
    inode[fd].links = 1;
    inode[fd].open = 1;
    name[which] = fd;
    printf("%d: create name %d: inode %d\n", me, which, fd)
  }
}

/* stat of a name: is it this file? */
inline look(which, fd, same) {
  d_step {
    same = (name[which] == fd);
    printf("%d: stat name %d: inode %d\n", me, which, name[which])
  }
}

/* fstat */
inline read_time(fd, time) {
  d_step {
    time = inode[fd].mtime;
    printf("%d: stat inode %d: deadline %d, digits %d\n", me, fd, stamped_deadline(time), stamped_digits(time))
  }
}

/* pread, in two parts. */
inline read_first(fd, part) {
  d_step {
    part = inode[fd].first;
    printf("%d: read inode %d: generation %d, count %d, first part\n", me, fd, generation_of(part), count_of(part))
  }
}

inline read_second(fd, part) {
  d_step {
    part = inode[fd].second;
    printf("%d: read inode %d: generation %d, count %d, second part\n", me, fd, generation_of(part), count_of(part))
  }
}

/* Unlock and close; also what the kernel does for a process that ends. */
inline close_file(fd) {
  d_step {
    if
    :: fd != NONE ->
       if
       :: inode[fd].owner == me -> inode[fd].owner = NONE
       :: else
       fi;
       inode[fd].open--;
       free_if_unused(fd);
       printf("%d: close inode %d\n", me, fd);
       fd = NONE
    :: else
    fi
  }
}

/* close of a descriptor that is not the locked one, though it may mean the same file: flock belongs to the other one. */
inline close_other(fd, locked_fd) {
  if
  :: fd != NONE && fd == locked_fd ->
     d_step {
       printf("%d: close inode %d, not its lock\n", me, fd);
       inode[fd].open--;
       fd = NONE
     }
  :: else -> close_file(fd)
  fi
}

/* flock, with LOCK_NB. */
inline try_lock(fd, locked) {
  d_step {
    locked = (inode[fd].owner == NONE);
    if
    :: locked -> inode[fd].owner = me
    :: else
    fi;
    printf("%d: lock inode %d: %d\n", me, fd, locked)
  }
}

/* flock, when is_free. */
#define is_free(fd) (inode[fd].owner == NONE)
inline lock(fd) {
  d_step {
    inode[fd].owner = me;
    printf("%d: lock inode %d\n", me, fd)
  }
}

/* write: it sets the time, then copies, in two parts. There must be something between these. */
inline begin_write(fd) {
  d_step {
    inode[fd].mtime = KERNEL_TIME;
    printf("%d: write to inode %d\n", me, fd)
  }
}

inline write_first(fd, record) {
  d_step {
    inode[fd].first = record;
    printf("%d: ... generation %d, count %d, first part\n", me, generation_of(record), count_of(record))
  }
}

inline write_second(fd, record) {
  d_step {
    inode[fd].second = record;
    printf("%d: ... second part\n", me)
  }
}

/* ftruncate to nothing, or a write of zeros. */
inline empty_file(fd) {
  d_step {
    inode[fd].first = 0;
    inode[fd].second = 0;
    inode[fd].mtime = KERNEL_TIME;
    printf("%d: empty inode %d\n", me, fd)
  }
}

/* ftruncate of the last byte: the header stays. */
inline cut_file(fd) {
  d_step {
    inode[fd].second = 0;
    inode[fd].mtime = KERNEL_TIME;
    printf("%d: cut inode %d\n", me, fd)
  }
}

inline set_times(fd, deadline, generation) {
  d_step {
    inode[fd].mtime = stamp(deadline, generation);
    raise_to(inode[fd].peak, generation);
    printf("%d: set times of inode %d: deadline %d, digits %d\n", me, fd, deadline, generation)
  }
}

inline unlink(which) {
  d_step {
    printf("%d: unlink name %d: inode %d\n", me, which, name[which]);
    remove_name(which)
  }
}

inline link(from, to) {
  d_step {
    name[to] = name[from];
    inode[name[to]].links++;
    printf("%d: link name %d to name %d\n", me, from, to)
  }
}

inline exchange(from, to) {
  d_step {
    scratch = name[to];
    name[to] = name[from];
    name[from] = scratch;
    scratch = NONE;
    printf("%d: exchange name %d and name %d\n", me, from, to)
  }
}

inline rename_over(from, to) {
  d_step {
    remove_name(to);
    name[to] = name[from];
    name[from] = NONE;
    printf("%d: rename name %d to name %d\n", me, from, to)
  }
}
