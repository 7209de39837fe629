// A site with WeChat login, in Java 17 without a library:
// GATEWAY_URL=… SITE_KEY=… java Redeem.java, then open SITE_URL.

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

public class Redeem {
    static final String GATEWAY_URL = System.getenv("GATEWAY_URL");
    static final String SITE_KEY = System.getenv("SITE_KEY");
    static final String SITE_URL = System.getenv().getOrDefault("SITE_URL", "http://localhost:3000");
    static final HttpClient GATEWAY = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();
    // Who is signed in, by session; a real site keeps this in its database.
    static final Map<String, Person> PEOPLE = new ConcurrentHashMap<>();

    record Person(String openid, String unionid, String nickname, String nonce) {}

    static class Refused extends Exception {
        final int status;

        Refused(int status, String sentence) {
            super(sentence);
            this.status = status;
        }
    }

    /** Turns a ticket into the person it stands for. A ticket works once and for five minutes. */
    static Person redeem(String ticket) throws Exception {
        if (!ticket.matches("[A-Za-z0-9_-]+")) {
            throw new Refused(400, "This login link is not complete. Please sign in again.");
        }
        HttpRequest request = HttpRequest.newBuilder(URI.create(GATEWAY_URL + "/api/v1/tickets/redeem"))
                .timeout(Duration.ofSeconds(10))
                .header("Authorization", "Bearer " + SITE_KEY)
                .header("Content-Type", "application/json")
                // WeChat's browser may open the page twice at once: both get the same answer.
                .header("Idempotency-Key", sha256(ticket))
                .POST(HttpRequest.BodyPublishers.ofString("{\"ticket\": \"" + ticket + "\"}"))
                .build();
        HttpResponse<String> answer = null;
        for (int attempt = 0; attempt < 3; attempt++) {
            try {
                answer = GATEWAY.send(request, HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8));
            } catch (IOException error) {
                throw new Refused(502, "The login service did not answer. Please try again in a moment.");
            }
            if (answer.statusCode() == 200) {
                String json = answer.body();
                return new Person(
                        text(json, "openid"), text(json, "unionid"), text(json, "nickname"), text(json, "nonce"));
            }
            if (answer.statusCode() != 503) {
                break;
            }
            // Busy: the same key makes a repeat safe.
            long seconds = answer.headers().firstValueAsLong("Retry-After").orElse(1);
            Thread.sleep(Math.min(seconds, 5) * 1000);
        }
        switch (answer.statusCode()) {
            case 404, 409, 410: // unknown, used, expired
                throw new Refused(400, "This login link is used up. Please sign in again.");
            default:
                // 401 and 403 mean that the key is not this site's: its developer has to know, visitors cannot help it.
                System.err.println("redeem: " + answer.statusCode() + " " + answer.body());
                throw new Refused(502, "Signing in does not work at the moment.");
        }
    }

    static void home(HttpExchange exchange) throws Exception {
        Person person = PEOPLE.get(cookie(exchange, "session"));
        if (person == null) {
            page(exchange, 200, "<a href='/login'>Sign in with WeChat</a>");
        } else {
            // No nickname after a silent login.
            page(exchange, 200, "<p>" + escape(person.nickname()) + "</p><p>" + person.openid() + "</p><p>"
                    + person.unionid() + "</p>");
        }
    }

    static void login(HttpExchange exchange) throws Exception {
        String kept = cookie(exchange, "nonce");
        String nonce = kept.isEmpty() ? random(24) : kept;
        String back = URLEncoder.encode(SITE_URL + "/back", StandardCharsets.UTF_8);
        String link = GATEWAY_URL + "/auth?url=" + back + "&scope=snsapi_userinfo&nonce="
                + URLEncoder.encode(nonce, StandardCharsets.UTF_8);
        redirect(exchange, link, "nonce=" + nonce);
    }

    static void back(HttpExchange exchange) throws Exception {
        Person person = redeem(parameter(exchange, "ticket"));
        // Another nonce means that the login began in another browser: whoever sent the link would share their account.
        byte[] own = cookie(exchange, "nonce").getBytes(StandardCharsets.UTF_8);
        if (own.length == 0 || !MessageDigest.isEqual(own, person.nonce().getBytes(StandardCharsets.UTF_8))) {
            throw new Refused(403, "This login began in another browser.");
        }
        String session = random(32);
        PEOPLE.put(session, person);
        redirect(exchange, "/", "session=" + session); // an address without the ticket
    }

    /** The first text of this name in a JSON object, or "" where it is null; with Jackson or Gson, use those. */
    static String text(String json, String name) {
        Matcher found = Pattern.compile("\"" + name + "\"\\s*:\\s*\"((?:[^\"\\\\]|\\\\.)*)\"").matcher(json);
        if (!found.find()) {
            return "";
        }
        Matcher escaped = Pattern.compile("\\\\(?:u([0-9a-fA-F]{4})|(.))").matcher(found.group(1));
        return escaped.replaceAll(sign -> Matcher.quoteReplacement(sign.group(1) == null
                ? (sign.group(2).equals("/") ? "/" : sign.group().translateEscapes())
                : String.valueOf((char) Integer.parseInt(sign.group(1), 16))));
    }

    static void page(HttpExchange exchange, int status, String content) throws IOException {
        byte[] body = ("<!doctype html><title>Site</title>" + content).getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "text/html; charset=utf-8");
        exchange.getResponseHeaders().set("Cache-Control", "no-store");
        exchange.sendResponseHeaders(status, body.length);
        exchange.getResponseBody().write(body);
    }

    static void redirect(HttpExchange exchange, String address, String cookie) throws IOException {
        exchange.getResponseHeaders().set("Location", address);
        // Add Secure on https. Strict would not survive the way back from WeChat.
        exchange.getResponseHeaders().set("Set-Cookie", cookie + "; Path=/; HttpOnly; SameSite=Lax");
        exchange.getResponseHeaders().set("Referrer-Policy", "no-referrer");
        exchange.sendResponseHeaders(302, -1);
    }

    static String parameter(HttpExchange exchange, String name) {
        String query = exchange.getRequestURI().getRawQuery();
        return URLDecoder.decode(value(query == null ? "" : query, "&", name), StandardCharsets.UTF_8);
    }

    static String cookie(HttpExchange exchange, String name) {
        String sent = exchange.getRequestHeaders().getFirst("Cookie");
        return value(sent == null ? "" : sent, "; ", name);
    }

    static String value(String pairs, String between, String name) {
        for (String pair : pairs.split(between)) {
            if (pair.startsWith(name + "=")) {
                return pair.substring(name.length() + 1);
            }
        }
        return "";
    }

    static String escape(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }

    static String random(int bytes) {
        byte[] drawn = new byte[bytes];
        new SecureRandom().nextBytes(drawn);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(drawn);
    }

    static String sha256(String text) throws Exception {
        byte[] hash = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
        return HexFormat.of().formatHex(hash);
    }

    static void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            show(exchange);
        }
    }

    static void show(HttpExchange exchange) throws IOException {
        try {
            switch (exchange.getRequestURI().getPath()) {
                case "/" -> home(exchange);
                case "/login" -> login(exchange);
                case "/back" -> back(exchange);
                default -> page(exchange, 404, "<p>There is no such page.</p>");
            }
        } catch (Refused refused) {
            page(exchange, refused.status, "<p>" + refused.getMessage() + "</p><p><a href='/login'>Sign in</a></p>");
        } catch (Exception error) {
            error.printStackTrace();
            page(exchange, 500, "<p>Something went wrong.</p>");
        }
    }

    public static void main(String[] arguments) throws IOException {
        int port = URI.create(SITE_URL).getPort();
        HttpServer server = HttpServer.create(new InetSocketAddress("localhost", port < 0 ? 80 : port), 0);
        server.createContext("/", Redeem::answer);
        server.setExecutor(Executors.newCachedThreadPool());
        server.start();
    }
}
