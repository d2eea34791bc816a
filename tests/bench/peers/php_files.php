<?php
// PHP's own sessions, as a worker of the benchmark (worker.hpp has the lines that it speaks).
//
//   php php_files.php DIRECTORY PAYLOAD_SIZE READING     READING: default | read_and_close
declare(strict_types=1);

[, $directory, $size, $reading] = $argv;
// The defaults of PHP where they matter (files, one directory, lazy_write); no cookie and no header, as there is no
// request. Sweeping is not a part of what is measured.
ini_set('session.save_path', $directory);
ini_set('session.use_cookies', '0');
ini_set('session.use_only_cookies', '0');
ini_set('session.cache_limiter', '');
ini_set('session.gc_probability', '0');
if (!is_dir($directory)) {
    mkdir($directory, 0700);
}
$text = str_repeat('v', intdiv((int) $size - 150, 9));

function id_of(int $session): string
{
    // Any number that spreads: the last digits make it one to one.
    return substr(hash('sha256', (string) $session), 0, 16) . sprintf('%024x', $session);
}

function begin(int $session, array $options = []): void
{
    session_id(id_of($session));
    if (!session_start($options)) {
        throw new RuntimeException('session_start');
    }
    if (!isset($_SESSION['count'])) {
        throw new RuntimeException('no such session');
    }
}

function run(string $operation, int $session): void
{
    global $text, $reading;
    switch ($operation) {
        case 'create':
            session_id(id_of($session));
            session_start();
            for ($i = 0; $i < 9; ++$i) {
                $_SESSION["name$i"] = $text;
            }
            $_SESSION['count'] = 0;
            session_write_close();
            return;
        case 'read':
            if ($reading === 'read_and_close') {
                begin($session, ['read_and_close' => true]);
                return;
            }
            // no break: what a program does that does not know of read_and_close
        case 'unchanged':
            begin($session);
            session_write_close();
            return;
        case 'update':
            begin($session);
            ++$_SESSION['count'];
            session_write_close();
            return;
        case 'destroy':
            begin($session);
            session_destroy();
            return;
    }
    throw new RuntimeException("no such operation: $operation");
}

function of_mix(int $turn): string
{
    $number = $turn * 37 % 100;
    return $number < 80 ? 'read' : ($number < 95 ? 'unchanged' : 'update');
}

function answer(array $words): string
{
    switch ($words[0]) {
        case 'prepare':
            return 'ready';
        case 'sum':
            $sum = 0;
            for ($session = (int) $words[1]; $session < $words[1] + $words[2]; ++$session) {
                begin($session, ['read_and_close' => true]);
                $sum += $_SESSION['count'];
            }
            return (string) $sum;
        case 'run':
            [, $operation, $first, $count, $times] = $words;
            $each = [];
            $begin = $before = hrtime(true);
            for ($i = 0; $i < $times; ++$i) {
                run($operation === 'mix' ? of_mix($i) : $operation, $first + $i % $count);
                $after = hrtime(true);
                $each[] = $after - $before;
                $before = $after;
            }
            return "$begin $before " . implode(' ', $each);
    }
    throw new RuntimeException("no such command: $words[0]");
}

set_error_handler(function (int $level, string $message): bool {
    throw new RuntimeException($message);
});
while (($line = fgets(STDIN)) !== false && trim($line) !== 'end') {
    try {
        $reply = answer(array_map(fn ($word) => is_numeric($word) ? (int) $word : $word, explode(' ', trim($line))));
    } catch (Throwable $error) {
        $reply = 'error ' . $error->getMessage();
    }
    // Not echo: output would forbid the next session_start.
    fwrite(STDOUT, "$reply\n");
}
