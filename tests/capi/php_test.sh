#!/usr/bin/env bash
# tools/bindings/Sess.php against the library that was built: sessions, requests, and errors.
set -euo pipefail
cd "$(dirname "$0")/../.."
if [ -n "${SAN:-}" ]; then
  echo 'not under a sanitizer: its run-time would have to be loaded first'
  exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/test.php" <<'END'
<?php
declare(strict_types=1);
require $argv[1] . '/tools/bindings/Sess.php';

function raised(string $kind, callable $work): Throwable {
    try {
        $work();
    } catch (Throwable $error) {
        if ($error instanceof $kind) return $error;
        throw $error;
    }
    throw new Exception("no $kind");
}
function expect(mixed $found, mixed $wanted): void {
    if ($found !== $wanted) throw new Exception(var_export($found, true) . ' is not ' . var_export($wanted, true));
}
function cookie_of(Sess\Request $request, ?string $cookie): ?string {
    foreach ($request->headers as [$name, $value]) {
        if ($name === 'Set-Cookie' && !str_contains($value, 'Max-Age=0')) $cookie = explode(';', $value)[0];
    }
    return $cookie;
}

expect(str_contains(raised(Sess\Error::class, fn() => new Sess\Store($argv[2]))->getMessage(), 'store'), true);
raised(FFI\Exception::class, fn() => new Sess\Store($argv[2], ['nonsense' => 1]));
$store = new Sess\Store($argv[2], ['create' => true]);
$cookies = new Sess\Cookies(['secure' => false, 'anonymous_name' => 'visitor']);
raised(Sess\Error::class, fn() => new Sess\Cookies(['max_age' => 1000000000]));

// Every type, there and back.
$values = ['null' => null, 'yes' => true, 'int' => PHP_INT_MIN, 'real' => 0.5, 'text' => "a\0\u{e9}", 'empty' => ''];
$request = new Sess\Request($store, $cookies);
while ($request->start()) foreach ($values as $name => $value) $request[$name] = $value;
$cookie = cookie_of($request, null);
expect(str_starts_with($cookie, 'visitor='), true);
$request = new Sess\Request($store, $cookies, $cookie);
while ($request->start(Sess\SNAPSHOT)) {
    foreach ($values as $name => $value) expect($request[$name], $value);
    expect($request['nothing'] ?? 'absent', 'absent');
    expect(isset($request['int'], $request['yes']), true);
}
expect($request->headers, []);
raised(Sess\Error::class, fn() => $request['int']);

// A conflict is done again; what is added is none.
$turns = 0;
$request = new Sess\Request($store, $cookies, $cookie);
while ($request->start()) {
    $request['n'] = ($request['n'] ?? 1) * 2;
    if (++$turns > 1) continue;
    $other = new Sess\Request($store, $cookies, $cookie);
    while ($other->start(Sess\LOCKED)) $other->add('n', 20);
}
expect($turns, 2);

// A login, a token, a logout.
$request = new Sess\Request($store, $cookies, $cookie);
while ($request->start()) {
    expect($request['n'], 40);
    unset($request['empty']);
    expect($request->principal(), null);
    // C would take the half before a zero byte for all of it.
    raised(\ValueError::class, fn() => $request->authenticate("admin\0evil"));
    raised(\ValueError::class, fn() => $request["n\0n"]);
    expect([$request->principal(), $request->csrfCheck("\0")], [null, false]);
    $request->authenticate('ann');
    $page = '<' . $request->csrfToken() . '>';
}
$token = substr($request->complete($page), 1, -1);
expect(strlen($token), 86);
$login = cookie_of($request, null);
$request = new Sess\Request($store, $cookies, $cookie);
while ($request->start()) expect([$request->principal(), $request->csrfCheck($token)], [null, false]);
$request = new Sess\Request($store, $cookies, $login);
while ($request->start()) {
    expect([$request->principal(), $request->csrfCheck($token), $request['n'], $request['empty']], ['ann', true, 40, null]);
    raised(Sess\Error::class, fn() => $request->add('text'));
    raised(InvalidArgumentException::class, fn() => $request['object'] = new stdClass());
    $request->logout(Sess\EVERYWHERE);
}
$request = new Sess\Request($store, $cookies, $login);
while ($request->start()) expect($request->principal(), null);
expect(raised(Sess\Outcome::class, fn() => $store->destroy('nonsense'))->getCode(), Sess\ABSENT);
$store->destroyPrincipal('ann');
$store->gc();
echo "php: ok\n";
END
build=$(realpath -m "${SESS_BUILD:-build}")
export LD_LIBRARY_PATH=$build/lib
php -d ffi.enable=1 "$work/test.php" "$PWD" "$work/store" | tee "$work/output"
grep -qx 'php: ok' "$work/output"
