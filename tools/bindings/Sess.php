<?php
/*
 * Sessions of libsess for PHP, by its C interface (sess/sess.h) and PHP's FFI: a file to copy.
 *
 *     $store = new Sess\Store('/var/lib/shop/sessions');
 *     $cookies = new Sess\Cookies();
 *     $request = new Sess\Request($store, $cookies, $_SERVER['HTTP_COOKIE'] ?? null);
 *     while ($request->start()) {                  // again, while another request changed what this one has read
 *         $request['visits'] = ($request['visits'] ?? 0) + 1;
 *     }
 *     foreach ($request->headers as [$name, $value]) header("$name: $value", false);
 *
 * Values are null, bool, int, float and string; a string is kept as a text, and bytes that others have stored come as a
 * string. FFI works on the command line, and for web servers with ffi.enable=1.
 */
declare(strict_types=1);

namespace Sess;

const OK = 0, DURABILITY_UNKNOWN = 1, ABSENT = 2, EXPIRED = 3, SUPERSEDED = 4, GONE = 5, BUSY = 6, NOT_RENEWED = 7,
      CONFLICT = 8, LIMIT_REACHED = 9;
const MERGE = 0, LOCKED = 1, SNAPSHOT = 2;
const HERE = 0, EVERYWHERE = 1, OTHERS = 2;

/** The file system failed, a record cannot be read, a value has another type: the code is negative. */
class Error extends \RuntimeException {}
/** What was asked for has not happened, and nothing is wrong: the code says why (ABSENT, BUSY, GONE, ...). */
class Outcome extends \RuntimeException {}

final class Library {
    private static ?\FFI $ffi = null;

    public static function get(): \FFI {
        if (self::$ffi === null) {
            self::$ffi = \FFI::cdef(<<<'END'
                typedef struct sess_store sess_store;
                typedef struct sess_cookies sess_cookies;
                typedef struct sess_request sess_request;
                typedef struct sess_editor sess_editor;
                typedef struct sess_value sess_value;
                typedef struct {
                  size_t struct_size;
                  int64_t idle_timeout, lifetime, grace, succession_age, lock_timeout;
                  uint64_t sessions_per_principal, size_limit;
                  unsigned waiter_limit;
                  int refuse_beyond_limit, sealed, durable, early_writeback, create;
                  void *on_event, *on_event_data;
                } sess_store_options;
                typedef struct {
                  size_t struct_size;
                  const char *anonymous_name, *authenticated_name;
                  int strongest_prefix, secure, http_only, same_site;
                  const char *path, *domain;
                  int64_t max_age, renewal_interval, first_idle_timeout;
                  const char *address_parameter;
                } sess_cookie_options;
                int sess_abi_version(void);
                const char *sess_status_name(int status);
                const char *sess_error_message(void);
                int sess_store_options_init(sess_store_options *options, size_t size);
                int sess_open(const char *path, const sess_store_options *options, sess_store **store);
                void sess_close(sess_store *store);
                int sess_destroy(sess_store *store, const char *id);
                int sess_destroy_principal(sess_store *store, const char *principal, const char *except);
                int sess_gc(sess_store *store, const void *options, void *report);
                const sess_value *sess_read(sess_editor *editor, const char *name);
                int sess_value_type(const sess_value *value);
                int sess_value_boolean(const sess_value *value, int *boolean);
                int sess_value_integer(const sess_value *value, int64_t *integer);
                int sess_value_real(const sess_value *value, double *real);
                int sess_value_string(const sess_value *value, char **text, size_t *size);
                int sess_value_bytes(const sess_value *value, char **bytes, size_t *size);
                size_t sess_value_count(const sess_value *value);
                const sess_value *sess_value_at(const sess_value *value, size_t index, const char **name);
                int sess_set_null(sess_editor *editor, const char *name);
                int sess_set_boolean(sess_editor *editor, const char *name, int boolean);
                int sess_set_integer(sess_editor *editor, const char *name, int64_t integer);
                int sess_set_real(sess_editor *editor, const char *name, double real);
                int sess_set_text(sess_editor *editor, const char *name, const char *text, size_t size);
                int sess_add_integer(sess_editor *editor, const char *name, int64_t amount);
                int sess_erase(sess_editor *editor, const char *name);
                int sess_cookie_options_init(sess_cookie_options *options, size_t size);
                int sess_cookies_new(const sess_cookie_options *options, sess_cookies **cookies);
                void sess_cookies_free(sess_cookies *cookies);
                int sess_request_new(sess_store *store, sess_cookies *cookies, const char *cookie_header,
                                     const char *address_id, sess_request **request);
                int sess_request_start(sess_request *request, int mode);
                sess_editor *sess_request_editor(sess_request *request);
                const char *sess_request_principal(const sess_request *request);
                int sess_authenticate(sess_request *request, const char *principal);
                int sess_logout(sess_request *request, int scope);
                int sess_request_set_renew(sess_request *request, int renew);
                int sess_csrf_token(sess_request *request, const char **mark);
                int sess_csrf_check(sess_request *request, const char *token);
                int sess_request_finish(sess_request *request);
                int sess_request_header(const sess_request *request, size_t index, const char **name,
                                        const char **value);
                int sess_request_complete(sess_request *request, const char *text, size_t size, char **completed,
                                          size_t *completed_size);
                void sess_request_free(sess_request *request);
                END, 'libsess.so.0');
            if (self::$ffi->sess_abi_version() < 1) throw new \RuntimeException('libsess is older than this file');
        }
        return self::$ffi;
    }

    /** Throws for everything but what has taken effect. */
    public static function check(int $status): int {
        if ($status < 0) throw new Error(self::get()->sess_error_message(), $status);
        if ($status > DURABILITY_UNKNOWN) throw new Outcome(self::get()->sess_status_name($status), $status);
        return $status;
    }

    /** For C, which would take what comes before a zero byte for all of it: "admin" for "admin\0evil". */
    public static function text(?string $text): ?string {
        if ($text !== null && str_contains($text, "\0")) throw new \ValueError('a name has a zero byte');
        return $text;
    }

    /** A structure with the library's defaults and what the caller wants; texts must stay alive as long as it does. */
    public static function options(string $type, array $wanted, array &$texts): \FFI\CData {
        $options = self::get()->new($type);
        self::check(self::get()->{$type . '_init'}(\FFI::addr($options), \FFI::sizeof($options)));
        foreach ($wanted as $name => $value) {
            if (in_array($name, ['struct_size', 'on_event', 'on_event_data'], true)) {
                throw new \InvalidArgumentException("no option is called $name");
            }
            if (is_string($value)) {
                self::text($value);
                $text = \FFI::new('char[' . (strlen($value) + 1) . ']');
                \FFI::memcpy($text, $value, strlen($value));
                $texts[] = $text;
                $options->$name = self::get()->cast('char *', \FFI::addr($text));
            } else {
                $options->$name = (int)$value;  // FFI\Exception for a name that is none
            }
        }
        return $options;
    }
}

/** Options are the fields of sess_store_options: new Store($path, ['create' => true, 'idle_timeout' => 1200000]). */
final class Store {
    public \FFI\CData $handle;

    public function __construct(string $path, array $options = []) {
        $texts = [];
        $all = Library::options('sess_store_options', $options, $texts);
        $this->handle = Library::get()->new('sess_store *');
        Library::check(Library::get()->sess_open(Library::text($path), \FFI::addr($all), \FFI::addr($this->handle)));
    }
    public function __destruct() {
        if (isset($this->handle) && !\FFI::isNull($this->handle)) Library::get()->sess_close($this->handle);
    }
    public function destroy(string $id): void {
        Library::check(Library::get()->sess_destroy($this->handle, Library::text($id)));
    }
    public function destroyPrincipal(string $principal): void {
        Library::check(Library::get()->sess_destroy_principal($this->handle, Library::text($principal), null));
    }
    public function gc(): void {
        Library::check(Library::get()->sess_gc($this->handle, null, null));
    }
}

/** Options are the fields of sess_cookie_options: new Cookies(['secure' => false, 'max_age' => 86400]). */
final class Cookies {
    public \FFI\CData $handle;

    public function __construct(array $options = []) {
        $texts = [];
        $all = Library::options('sess_cookie_options', $options, $texts);
        $this->handle = Library::get()->new('sess_cookies *');
        Library::check(Library::get()->sess_cookies_new(\FFI::addr($all), \FFI::addr($this->handle)));
    }
    public function __destruct() {
        if (isset($this->handle) && !\FFI::isNull($this->handle)) Library::get()->sess_cookies_free($this->handle);
    }
}

/**
 * The session of one request. while ($request->start()) does the work, and finishes at the next turn; then $headers is
 * what the answer must have. What has no effect throws Outcome: SUPERSEDED wants the same request again (307), GONE
 * (409), BUSY (503).
 */
final class Request implements \ArrayAccess {
    /** @var list<array{string, string}> */
    public array $headers = [];
    private \FFI\CData $handle;
    private int $turns = 0;

    public function __construct(Store $store, Cookies $cookies, ?string $cookieHeader = null, ?string $addressId = null) {
        $this->handle = Library::get()->new('sess_request *');
        Library::check(Library::get()->sess_request_new($store->handle, $cookies->handle, Library::text($cookieHeader),
                                                        Library::text($addressId), \FFI::addr($this->handle)));
    }
    public function __destruct() {
        if (isset($this->handle) && !\FFI::isNull($this->handle)) Library::get()->sess_request_free($this->handle);
    }

    public function start(int $mode = MERGE, int $turns = 10): bool {
        if ($this->turns > 0) {
            $status = Library::get()->sess_request_finish($this->handle);
            if ($status !== CONFLICT) {
                Library::check($status);
                $this->headers = $this->readHeaders();
                return false;
            }
            if ($this->turns === $turns) throw new Outcome('conflict', CONFLICT);
        }
        $this->turns++;
        Library::check(Library::get()->sess_request_start($this->handle, $mode));
        return true;
    }

    public function principal(): ?string {
        return Library::get()->sess_request_principal($this->handle);
    }
    public function authenticate(string $principal): void {
        Library::check(Library::get()->sess_authenticate($this->handle, Library::text($principal)));
    }
    public function logout(int $scope = HERE): void {
        Library::check(Library::get()->sess_logout($this->handle, $scope));
    }
    public function setRenew(bool $renew): void {
        Library::check(Library::get()->sess_request_set_renew($this->handle, (int)$renew));
    }
    /** Adds to an integer, at commit, to what is there then: never a conflict. */
    public function add(string $name, int $amount = 1): void {
        Library::check(Library::get()->sess_add_integer($this->editor(), Library::text($name), $amount));
    }
    /** A mark; complete() puts the token in its place. */
    public function csrfToken(): string {
        $mark = Library::get()->new('const char *');
        Library::check(Library::get()->sess_csrf_token($this->handle, \FFI::addr($mark)));
        return \FFI::string($mark);
    }
    public function csrfCheck(?string $token): bool {
        return !str_contains($token ?? '', "\0") && Library::get()->sess_csrf_check($this->handle, $token) === 1;
    }
    /** The text of the answer, its marks replaced; after the last start(). */
    public function complete(string $text): string {
        $data = Library::get()->new('char *');
        $size = Library::get()->new('size_t');
        Library::check(Library::get()->sess_request_complete($this->handle, $text, strlen($text), \FFI::addr($data),
                                                             \FFI::addr($size)));
        return $size->cdata > 0 ? \FFI::string($data, $size->cdata) : '';
    }

    public function offsetExists(mixed $name): bool {
        return $this->read($name) !== null && $this->offsetGet($name) !== null;
    }
    /** null for what is not there. */
    public function offsetGet(mixed $name): mixed {
        $value = $this->read($name);
        return $value === null ? null : self::valueOf($value);
    }
    public function offsetSet(mixed $name, mixed $value): void {
        $library = Library::get();
        $editor = $this->editor();
        $name = Library::text($name);
        Library::check(match (true) {
            $value === null => $library->sess_set_null($editor, $name),
            is_bool($value) => $library->sess_set_boolean($editor, $name, (int)$value),
            is_int($value) => $library->sess_set_integer($editor, $name, $value),
            is_float($value) => $library->sess_set_real($editor, $name, $value),
            is_string($value) => $library->sess_set_text($editor, $name, $value, strlen($value)),
            default => throw new \InvalidArgumentException('a session cannot hold a ' . get_debug_type($value)),
        });
    }
    public function offsetUnset(mixed $name): void {
        Library::check(Library::get()->sess_erase($this->editor(), Library::text($name)));
    }

    private function editor(): \FFI\CData {
        $editor = Library::get()->sess_request_editor($this->handle);
        return $editor ?? throw new Error('the session of this request is not started, or finished already', -1);
    }
    private function read(string $name): ?\FFI\CData {
        return Library::get()->sess_read($this->editor(), Library::text($name));
    }
    private static function valueOf(\FFI\CData $value): mixed {
        $library = Library::get();
        $type = $library->sess_value_type($value);
        if ($type === 0) return null;
        if ($type <= 3) {
            [$name, $box] = match ($type) {
                1 => ['boolean', $library->new('int')],
                2 => ['integer', $library->new('int64_t')],
                3 => ['real', $library->new('double')],
            };
            Library::check($library->{'sess_value_' . $name}($value, \FFI::addr($box)));
            return $type === 1 ? $box->cdata !== 0 : $box->cdata;
        }
        if ($type <= 5) {
            [$data, $size] = [$library->new('char *'), $library->new('size_t')];
            $read = $type === 4 ? 'sess_value_string' : 'sess_value_bytes';
            Library::check($library->$read($value, \FFI::addr($data), \FFI::addr($size)));
            return $size->cdata > 0 ? \FFI::string($data, $size->cdata) : '';
        }
        if ($type > 7) throw new \UnexpectedValueException('a value of a C++ type cannot be read here');
        $elements = [];
        $name = $library->new('const char *');
        for ($i = 0, $count = $library->sess_value_count($value); $i < $count; $i++) {
            $element = self::valueOf($library->sess_value_at($value, $i, \FFI::addr($name)));
            if ($type === 6) {
                $elements[] = $element;
            } else {
                $elements[\FFI::string($name)] = $element;
            }
        }
        return $elements;
    }
    private function readHeaders(): array {
        $library = Library::get();
        [$name, $value] = [$library->new('const char *'), $library->new('const char *')];
        $headers = [];
        for ($i = 0; $library->sess_request_header($this->handle, $i, \FFI::addr($name), \FFI::addr($value)) === OK; $i++) {
            $headers[] = [\FFI::string($name), \FFI::string($value)];
        }
        return $headers;
    }
}
