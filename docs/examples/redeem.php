<?php
// A site with WeChat login, in PHP 8.2 with its curl extension:
// GATEWAY_URL=… SITE_KEY=… php -q -d error_log=/dev/stderr -S localhost:3000 redeem.php, then open SITE_URL.

declare(strict_types=1);

define('GATEWAY_URL', getenv('GATEWAY_URL'));
define('SITE_KEY', getenv('SITE_KEY'));
define('SITE_URL', getenv('SITE_URL') ?: 'http://localhost:3000');

final class Refused extends Exception
{
}

/** Turns a ticket into the person it stands for. A ticket works once and for five minutes. */
function redeem(string $ticket): array
{
    $request = curl_init(GATEWAY_URL . '/api/v1/tickets/redeem');
    curl_setopt_array($request, [
        CURLOPT_POSTFIELDS => json_encode(['ticket' => $ticket]),
        CURLOPT_HTTPHEADER => [
            'Authorization: Bearer ' . SITE_KEY,
            'Content-Type: application/json',
            // WeChat's browser may open the page twice at once: both get the same answer.
            'Idempotency-Key: ' . hash('sha256', $ticket),
        ],
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_TIMEOUT => 10,
    ]);
    for ($attempt = 0; $attempt < 3; $attempt++) {
        $answer = curl_exec($request);
        if ($answer === false) {
            throw new Refused('The login service did not answer. Please try again in a moment.', 502);
        }
        $status = curl_getinfo($request, CURLINFO_RESPONSE_CODE);
        if ($status === 200) {
            return json_decode($answer, true, flags: JSON_THROW_ON_ERROR);
        }
        if ($status !== 503) {
            break;
        }
        sleep(min(curl_getinfo($request, CURLINFO_RETRY_AFTER) ?: 1, 5)); // busy: the same key makes a repeat safe
    }
    if (in_array($status, [404, 409, 410], true)) { // unknown, used, expired
        throw new Refused('This login link is used up. Please sign in again.', 400);
    }
    // 401 and 403 mean that the key is not this site's: its developer has to know, visitors cannot help it.
    error_log("redeem: $status $answer");
    throw new Refused('Signing in does not work at the moment.', 502);
}

function home(): void
{
    $person = $_SESSION['person'] ?? null;
    if ($person === null) {
        page(200, "<a href='/login'>Sign in with WeChat</a>");
        return;
    }
    $nickname = htmlspecialchars($person['profile']['nickname'] ?? ''); // none after a silent login
    page(200, "<p>$nickname</p><p>{$person['openid']}</p><p>{$person['unionid']}</p>");
}

function login(): void
{
    $_SESSION['nonce'] ??= bin2hex(random_bytes(24)); // kept on the server, known by the session's cookie
    $asked = ['url' => SITE_URL . '/back', 'scope' => 'snsapi_userinfo', 'nonce' => $_SESSION['nonce']];
    redirect(GATEWAY_URL . '/auth?' . http_build_query($asked));
}

function back(): void
{
    $person = redeem($_GET['ticket'] ?? '');
    // Another nonce means that the login began in another browser: whoever sent the link would share their account.
    if (!isset($_SESSION['nonce']) || !hash_equals($_SESSION['nonce'], $person['nonce'] ?? '')) {
        throw new Refused('This login began in another browser.', 403);
    }
    session_regenerate_id(); // a new session for whoever signed in, as an old one may be known to others
    $_SESSION['person'] = $person;
    redirect('/'); // an address without the ticket
}

function page(int $status, string $content): void
{
    http_response_code($status);
    header('Content-Type: text/html; charset=utf-8');
    echo "<!doctype html><title>Site</title>$content";
}

function redirect(string $address): void
{
    header("Location: $address", true, 302);
    header('Referrer-Policy: no-referrer');
}

// Add cookie_secure on https. Strict would not survive the way back from WeChat.
session_start(['cookie_httponly' => true, 'cookie_samesite' => 'Lax', 'use_strict_mode' => true]);
try {
    match (parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH)) {
        '/' => home(),
        '/login' => login(),
        '/back' => back(),
        default => page(404, '<p>There is no such page.</p>'),
    };
} catch (Refused $refused) {
    page($refused->getCode(), "<p>{$refused->getMessage()}</p><p><a href='/login'>Sign in</a></p>");
}
