"""Sessions of libsess for Python, by its C interface (sess/sess.h) and ctypes: a file to copy.

    store = sess.Store("/var/lib/shop/sessions")
    cookies = sess.Cookies()
    request = sess.Request(store, cookies, environ.get("HTTP_COOKIE"))
    while request.start():                      # again, while another request changed what this one has read
        request["visits"] = (request.get("visits") or 0) + 1
    headers = request.headers                   # send them: the cookie is among them

Values are None, bool, int, float, str and bytes, and lists and dicts of these that C++ programs have stored. A Store and
Cookies may be used by several threads at once; a Request or a locked session belongs to one.
"""

import ctypes
from ctypes import POINTER, byref, c_char_p, c_double, c_int, c_int64, c_size_t, c_uint, c_uint64, c_void_p

OK, DURABILITY_UNKNOWN, ABSENT, EXPIRED, SUPERSEDED, GONE, BUSY, NOT_RENEWED, CONFLICT, LIMIT_REACHED = range(10)
MERGE, LOCKED, SNAPSHOT = range(3)
HERE, EVERYWHERE, OTHERS = range(3)
ID_SIZE = 61

_ABI_VERSION = 1


class Error(Exception):
    """The file system failed, a record cannot be read, a value has another type: `status` is negative."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


class Outcome(Exception):
    """What was asked for has not happened, and nothing is wrong: `status` says why (ABSENT, BUSY, GONE, ...)."""

    def __init__(self, status, name):
        super().__init__(name)
        self.status = status


class _StoreOptions(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_size_t), ("idle_timeout", c_int64), ("lifetime", c_int64), ("grace", c_int64),
        ("succession_age", c_int64), ("lock_timeout", c_int64), ("sessions_per_principal", c_uint64),
        ("size_limit", c_uint64), ("waiter_limit", c_uint), ("refuse_beyond_limit", c_int), ("sealed", c_int),
        ("durable", c_int), ("early_writeback", c_int), ("create", c_int), ("on_event", c_void_p),
        ("on_event_data", c_void_p),
    ]


class _CookieOptions(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_size_t), ("anonymous_name", c_char_p), ("authenticated_name", c_char_p),
        ("strongest_prefix", c_int), ("secure", c_int), ("http_only", c_int), ("same_site", c_int), ("path", c_char_p),
        ("domain", c_char_p), ("max_age", c_int64), ("renewal_interval", c_int64), ("first_idle_timeout", c_int64),
        ("address_parameter", c_char_p),
    ]


_CHANGE = ctypes.CFUNCTYPE(c_int, c_void_p, c_void_p)
_VISIT_VALUE = ctypes.CFUNCTYPE(c_int, c_char_p, c_void_p, c_void_p)


def _load():
    library = ctypes.CDLL("libsess.so.0")
    text_out, size_out, handle_out = POINTER(c_char_p), POINTER(c_size_t), POINTER(c_void_p)
    for name, result, arguments in [
        ("abi_version", c_int, []), ("status_name", c_char_p, [c_int]), ("error_message", c_char_p, []),
        ("store_options_init", c_int, [POINTER(_StoreOptions), c_size_t]),
        ("open", c_int, [c_char_p, POINTER(_StoreOptions), handle_out]), ("close", None, [c_void_p]),
        ("destroy", c_int, [c_void_p, c_char_p]), ("destroy_principal", c_int, [c_void_p, c_char_p, c_char_p]),
        ("gc", c_int, [c_void_p, c_void_p, c_void_p]),
        ("read", c_void_p, [c_void_p, c_char_p]), ("value_type", c_int, [c_void_p]),
        ("value_boolean", c_int, [c_void_p, POINTER(c_int)]), ("value_integer", c_int, [c_void_p, POINTER(c_int64)]),
        ("value_real", c_int, [c_void_p, POINTER(c_double)]),
        ("value_string", c_int, [c_void_p, POINTER(c_void_p), size_out]),
        ("value_bytes", c_int, [c_void_p, POINTER(c_void_p), size_out]), ("value_count", c_size_t, [c_void_p]),
        ("value_at", c_void_p, [c_void_p, c_size_t, text_out]),
        ("visit_values", c_int, [c_void_p, _VISIT_VALUE, c_void_p]),
        ("set_null", c_int, [c_void_p, c_char_p]), ("set_boolean", c_int, [c_void_p, c_char_p, c_int]),
        ("set_integer", c_int, [c_void_p, c_char_p, c_int64]), ("set_real", c_int, [c_void_p, c_char_p, c_double]),
        ("set_text", c_int, [c_void_p, c_char_p, c_char_p, c_size_t]),
        ("set_bytes", c_int, [c_void_p, c_char_p, c_char_p, c_size_t]),
        ("add_integer", c_int, [c_void_p, c_char_p, c_int64]), ("erase", c_int, [c_void_p, c_char_p]),
        ("update", c_int, [c_void_p, c_char_p, _CHANGE, c_void_p, c_void_p]),
        ("create", c_int, [c_void_p, c_void_p, handle_out]), ("session_editor", c_void_p, [c_void_p]),
        ("session_id", c_int, [c_void_p, c_char_p]), ("commit", c_int, [c_void_p, c_void_p]),
        ("session_free", None, [c_void_p]),
        ("cookie_options_init", c_int, [POINTER(_CookieOptions), c_size_t]),
        ("cookies_new", c_int, [POINTER(_CookieOptions), handle_out]), ("cookies_free", None, [c_void_p]),
        ("request_new", c_int, [c_void_p, c_void_p, c_char_p, c_char_p, handle_out]),
        ("request_start", c_int, [c_void_p, c_int]), ("request_editor", c_void_p, [c_void_p]),
        ("request_principal", c_char_p, [c_void_p]), ("authenticate", c_int, [c_void_p, c_char_p]),
        ("logout", c_int, [c_void_p, c_int]), ("request_set_renew", c_int, [c_void_p, c_int]),
        ("csrf_token", c_int, [c_void_p, text_out]), ("csrf_check", c_int, [c_void_p, c_char_p]),
        ("request_finish", c_int, [c_void_p]),
        ("request_header", c_int, [c_void_p, c_size_t, text_out, text_out]),
        ("request_complete", c_int, [c_void_p, c_char_p, c_size_t, POINTER(c_void_p), size_out]),
        ("request_free", None, [c_void_p]),
    ]:
        function = getattr(library, "sess_" + name)
        function.restype, function.argtypes = result, arguments
    if library.sess_abi_version() < _ABI_VERSION:
        raise ImportError("libsess is older than this file")
    return library


_lib = _load()


def _check(status):
    """Raises for everything but what has taken effect."""
    if status < 0:
        raise Error(status, _lib.sess_error_message().decode(errors="replace"))
    if status not in (OK, DURABILITY_UNKNOWN):
        raise Outcome(status, _lib.sess_status_name(status).decode())
    return status


def _encoded(text):
    return text.encode("utf-8", "surrogateescape")


def _text(text):
    """For C, which would take what comes before a zero byte for all of it: "admin" for "admin\\0evil"."""
    if text is None:
        return None
    if "\0" in text:
        raise ValueError("a name has a zero byte")
    return _encoded(text)


def _int64(number):
    if not -2**63 <= number < 2**63:  # ctypes would cut it
        raise OverflowError("an integer of a session has 64 bits")
    return number


def _set_options(options, given, of):
    for name, value in given.items():
        if name in ("struct_size", "on_event", "on_event_data") or name not in dict(options._fields_):
            raise TypeError(f"{of} no option {name}")
        wanted = _text(value) if isinstance(value, str) else value
        setattr(options, name, wanted)
        if getattr(options, name) != wanted:
            raise OverflowError(f"the option {name} cannot be {value}")


def _bytes_of(read, value):
    data, size = c_void_p(), c_size_t()
    _check(read(value, byref(data), byref(size)))
    return ctypes.string_at(data, size.value) if size.value else b""


def _value(value):
    kind = _lib.sess_value_type(value)
    if kind == 0:
        return None
    if kind in (1, 2, 3):
        read, box = [(_lib.sess_value_boolean, c_int()), (_lib.sess_value_integer, c_int64()),
                     (_lib.sess_value_real, c_double())][kind - 1]
        _check(read(value, byref(box)))
        return bool(box.value) if kind == 1 else box.value
    if kind == 4:
        return _bytes_of(_lib.sess_value_string, value).decode("utf-8", "surrogateescape")
    if kind == 5:
        return _bytes_of(_lib.sess_value_bytes, value)
    if kind == 6:
        return [_value(_lib.sess_value_at(value, i, None)) for i in range(_lib.sess_value_count(value))]
    if kind == 7:
        members, name = {}, c_char_p()
        for i in range(_lib.sess_value_count(value)):
            member = _lib.sess_value_at(value, i, byref(name))
            members[name.value.decode("utf-8", "surrogateescape")] = _value(member)
        return members
    raise TypeError("a value of a C++ type cannot be read here")


class _Values:
    """What can be read and changed of a session, wherever that comes from."""

    def _editor(self):
        raise NotImplementedError

    def get(self, name):
        """The value of this name, or None."""
        value = _lib.sess_read(self._editor(), _text(name))
        return _value(value) if value else None

    def __getitem__(self, name):
        value = _lib.sess_read(self._editor(), _text(name))
        if not value:
            raise KeyError(name)
        return _value(value)

    def __contains__(self, name):
        return bool(_lib.sess_read(self._editor(), _text(name)))

    def __setitem__(self, name, value):
        editor, key = self._editor(), _text(name)
        if value is None:
            _check(_lib.sess_set_null(editor, key))
        elif isinstance(value, bool):
            _check(_lib.sess_set_boolean(editor, key, value))
        elif isinstance(value, int):
            _check(_lib.sess_set_integer(editor, key, _int64(value)))
        elif isinstance(value, float):
            _check(_lib.sess_set_real(editor, key, value))
        elif isinstance(value, str):
            text = _encoded(value)
            _check(_lib.sess_set_text(editor, key, text, len(text)))
        elif isinstance(value, bytes):
            _check(_lib.sess_set_bytes(editor, key, value, len(value)))
        else:
            raise TypeError(f"a session cannot hold a {type(value).__name__}")

    def __delitem__(self, name):
        _check(_lib.sess_erase(self._editor(), _text(name)))

    def add(self, name, amount=1):
        """Adds to an integer, at commit, to what is there then: never a conflict."""
        _check(_lib.sess_add_integer(self._editor(), _text(name), _int64(amount)))

    def names(self):
        found = []
        visit = _VISIT_VALUE(lambda name, value, data: found.append(name.decode("utf-8", "surrogateescape")) or 0)
        _check(_lib.sess_visit_values(self._editor(), visit, None))
        return found


class _Locked(_Values):
    def __init__(self, editor):
        self._handle = editor

    def _editor(self):
        return self._handle


class Store:
    """Options are the fields of sess_store_options: Store(path, create=True, idle_timeout=20 * 60 * 1000)."""

    def __init__(self, path, **options):
        self._handle = c_void_p()
        all_options = _StoreOptions()
        _check(_lib.sess_store_options_init(byref(all_options), ctypes.sizeof(all_options)))
        _set_options(all_options, options, "a store has")
        _check(_lib.sess_open(_text(path), byref(all_options), byref(self._handle)))

    def __del__(self):
        _lib.sess_close(self._handle)

    def create(self, values):
        """A new anonymous session with these values; its ID."""
        session = c_void_p()
        _check(_lib.sess_create(self._handle, None, byref(session)))
        try:
            editor = _Locked(_lib.sess_session_editor(session))
            for name, value in values.items():
                editor[name] = value
            _check(_lib.sess_commit(session, None))
            text = ctypes.create_string_buffer(ID_SIZE)
            _check(_lib.sess_session_id(session, text))
            return text.value.decode()
        finally:
            _lib.sess_session_free(session)

    def update(self, session_id, change):
        """Runs change(values) under the session's lock and commits; what it raises rolls back and comes out here."""
        raised = []

        def run(editor, _):
            try:
                change(_Locked(editor))
                return 0
            except BaseException as error:  # pylint: disable=broad-except
                raised.append(error)
                return 1

        status = _lib.sess_update(self._handle, _text(session_id), _CHANGE(run), None, None)
        if raised:
            raise raised[0]
        return _check(status)

    def destroy(self, session_id):
        _check(_lib.sess_destroy(self._handle, _text(session_id)))

    def destroy_principal(self, principal):
        _check(_lib.sess_destroy_principal(self._handle, _text(principal), None))

    def gc(self):
        _check(_lib.sess_gc(self._handle, None, None))


class Cookies:
    """Options are the fields of sess_cookie_options; texts are str: Cookies(secure=False, max_age=86400)."""

    def __init__(self, **options):
        self._handle = c_void_p()
        all_options = _CookieOptions()
        _check(_lib.sess_cookie_options_init(byref(all_options), ctypes.sizeof(all_options)))
        _set_options(all_options, options, "cookies have")
        _check(_lib.sess_cookies_new(byref(all_options), byref(self._handle)))

    def __del__(self):
        _lib.sess_cookies_free(self._handle)


class Request(_Values):
    """The session of one request. `while request.start():` does the work, and finishes at the next turn; then `headers`
    is what the answer must have. What has no effect raises Outcome: SUPERSEDED wants the same request again (307), GONE
    (409), BUSY (503)."""

    def __init__(self, store, cookies, cookie_header=None, address_id=None):
        self._handle, self._store = c_void_p(), store
        self._turns, self._mode = 0, MERGE
        self.headers = []
        _check(_lib.sess_request_new(store._handle, cookies._handle, _text(cookie_header), _text(address_id),
                                     byref(self._handle)))

    def __del__(self):
        _lib.sess_request_free(self._handle)

    def start(self, mode=MERGE, turns=10):
        if self._turns > 0:
            status = _lib.sess_request_finish(self._handle)
            if status != CONFLICT:
                _check(status)
                self.headers = list(self._headers())
                return False
            if self._turns == turns:
                raise Outcome(CONFLICT, "conflict")
        self._turns += 1
        _check(_lib.sess_request_start(self._handle, mode))
        return True

    def _headers(self):
        name, value, index = c_char_p(), c_char_p(), 0
        while _lib.sess_request_header(self._handle, index, byref(name), byref(value)) == OK:
            yield name.value.decode("latin-1"), value.value.decode("latin-1")
            index += 1

    def _editor(self):
        editor = _lib.sess_request_editor(self._handle)
        if not editor:
            raise Error(-1, "the session of this request is not started, or finished already")
        return editor

    @property
    def principal(self):
        name = _lib.sess_request_principal(self._handle)
        return name.decode("utf-8", "surrogateescape") if name is not None else None

    def authenticate(self, principal):
        _check(_lib.sess_authenticate(self._handle, _text(principal)))

    def logout(self, scope=HERE):
        _check(_lib.sess_logout(self._handle, scope))

    def set_renew(self, renew):
        _check(_lib.sess_request_set_renew(self._handle, renew))

    def csrf_token(self):
        """A mark; complete() puts the token in its place."""
        mark = c_char_p()
        _check(_lib.sess_csrf_token(self._handle, byref(mark)))
        return mark.value.decode()

    def csrf_check(self, token):
        return "\0" not in (token or "") and bool(_lib.sess_csrf_check(self._handle, _text(token)))

    def complete(self, text):
        """The text of the answer, its marks replaced; after the last start()."""
        data, size, raw = c_void_p(), c_size_t(), _encoded(text)
        _check(_lib.sess_request_complete(self._handle, raw, len(raw), byref(data), byref(size)))
        return ctypes.string_at(data, size.value).decode("utf-8", "surrogateescape")
