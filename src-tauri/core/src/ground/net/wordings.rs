//! How programs put what went wrong on the way, for text that somebody pasted. While Tapline runs, types decide and no
//! wording does. Each row is matched in lower case; all its marks must stand in the text; the first row that fits decides,
//! so the nearer cause stands above the wider one.
//!
//! Sources, as of 2026-11: *curl* 8 (`lib/`: strerror.c, connect.c, vtls, cf-h1-proxy.c), *OpenSSL* 3
//! (`X509_verify_cert_error_string`, `ssl_err.c`), *rustls* 0.23 (`error.rs`), *hyper* 1 and hyper-util 0.1 (as built in
//! here), *reqwest* 0.13, *Python* 3 (`ssl`, `http.client`, `urllib3` 2, `requests` 2), *Go* 1.22 (`net`, `net/http`,
//! `crypto/x509`, `crypto/tls`), *Node* 20 (error codes), *Java* 17, *Windows* (Schannel, Winsock), *Chromium* (net errors),
//! *glibc*, *musl* and *Darwin* (`gai_strerror`, `strerror`).

use super::failure::Cause;

/// Marks that stand together, and what they mean.
pub(super) struct Wording(pub &'static [&'static str], pub Cause);

const EXPIRED: Cause = Cause::CertificateExpired {
    until: None,
    clock: None,
};
const NOT_YET: Cause = Cause::CertificateNotYetValid {
    from: None,
    clock: None,
};
const UNTRUSTED: Cause = Cause::CertificateUntrusted { issuer: None };
const FOR_OTHER: Cause = Cause::CertificateForOther { names: None };

pub(super) const WORDINGS: &[Wording] = &[
    // ---- the proxy said no -------------------------------------------------------------------------------------
    Wording(&["407 proxy authentication required"], Cause::ProxyWantsPassword),
    Wording(&["407 authenticationrequired"], Cause::ProxyWantsPassword),
    Wording(&["proxy authorization required"], Cause::ProxyWantsPassword), // hyper-util
    Wording(&["connect tunnel failed, response 407"], Cause::ProxyWantsPassword), // curl
    Wording(&["received http code 407 from proxy"], Cause::ProxyWantsPassword), // curl before 7.88
    Wording(&["tunnel connection failed: 407"], Cause::ProxyWantsPassword), // Python
    Wording(&["proxy returns \"http/1.1 407"], Cause::ProxyWantsPassword), // Java
    Wording(
        &["proxyconnect", "proxy authentication required"],
        Cause::ProxyWantsPassword,
    ), // Go
    Wording(&["proxy authentication required"], Cause::ProxyWantsPassword), // Go, whatever stands in front
    Wording(&["proxyauthenticationrequired"], Cause::ProxyWantsPassword),  // .NET
    Wording(&["cache access denied", "proxy"], Cause::ProxyWantsPassword), // squid, ERR_CACHE_ACCESS_DENIED
    Wording(&["connect tunnel failed, response"], Cause::ProxyRefused),
    Wording(&["received http code", "from proxy after connect"], Cause::ProxyRefused),
    Wording(&["proxy connect aborted"], Cause::ProxyRefused),
    Wording(&["tunnel connection failed:"], Cause::ProxyRefused),
    Wording(&["unable to tunnel through proxy"], Cause::ProxyRefused),
    Wording(&["tunnel error: unsuccessful"], Cause::ProxyRefused),
    Wording(&["tunnel error: unexpected end of file"], Cause::ProxyRefused),
    Wording(&["tunnel error: proxy response headers too long"], Cause::ProxyRefused),
    Wording(&["err_tunnel_connection_failed"], Cause::ProxyRefused),
    Wording(&["can't complete socks"], Cause::ProxyRefused), // curl 97
    // ---- no way to the proxy -----------------------------------------------------------------------------------
    Wording(&["could not resolve proxy"], Cause::ProxyUnreachable),
    Wording(&["couldn't resolve proxy"], Cause::ProxyUnreachable),
    Wording(
        &["tunnel error: failed to create underlying connection"],
        Cause::ProxyUnreachable,
    ),
    Wording(&["tunnel error: io error establishing tunnel"], Cause::ProxyUnreachable),
    Wording(&["cannot connect to proxy"], Cause::ProxyUnreachable), // urllib3
    Wording(&["unable to connect to proxy"], Cause::ProxyUnreachable), // urllib3 2
    Wording(&["proxyconnect tcp: dial tcp"], Cause::ProxyUnreachable), // Go
    Wording(&["proxyconnect tcp: eof"], Cause::ProxyUnreachable),
    Wording(&["err_proxy_connection_failed"], Cause::ProxyUnreachable),
    // ---- names -------------------------------------------------------------------------------------------------
    Wording(&["temporary failure in name resolution"], Cause::NameUnanswered), // glibc, Darwin
    Wording(
        &["failed to lookup address information: try again"],
        Cause::NameUnanswered,
    ), // musl
    Wording(&["eai_again"], Cause::NameUnanswered),
    Wording(&["resolving timed out"], Cause::NameUnanswered), // curl
    Wording(&["no name server answered"], Cause::NameUnanswered), // ours
    Wording(&["lookup ", "i/o timeout"], Cause::NameUnanswered), // Go
    Wording(&["lookup ", "server misbehaving"], Cause::NameUnanswered), // Go
    Wording(&["temporary error during hostname resolution"], Cause::NameUnanswered), // Windows
    Wording(&["os error 11002"], Cause::NameUnanswered),
    Wording(&["err_internet_disconnected"], Cause::Unreachable),
    Wording(&["err_name_not_resolved"], Cause::NameNotFound),
    Wording(&["dns_probe_finished_nxdomain"], Cause::NameNotFound),
    Wording(&["could not resolve host"], Cause::NameNotFound), // curl
    Wording(&["couldn't resolve host"], Cause::NameNotFound),
    Wording(&["name or service not known"], Cause::NameNotFound), // glibc
    Wording(&["nodename nor servname provided"], Cause::NameNotFound), // Darwin
    Wording(&["name does not resolve"], Cause::NameNotFound),     // musl
    Wording(&["no such host"], Cause::NameNotFound),              // Go, Windows
    Wording(&["getaddrinfo failed"], Cause::NameNotFound),        // Python on Windows
    Wording(&["enotfound"], Cause::NameNotFound),                 // Node
    Wording(&["unknownhostexception"], Cause::NameNotFound),      // Java
    Wording(&["remote name could not be resolved"], Cause::NameNotFound), // .NET
    Wording(&["nameresolutionerror"], Cause::NameNotFound),       // urllib3
    Wording(&["no address associated with hostname"], Cause::NameNotFound), // glibc, EAI_NODATA
    Wording(&["no record found for query"], Cause::NameNotFound), // hickory
    Wording(&["on a sandbox no name is looked up"], Cause::NameNotFound), // ours
    Wording(&["dns error"], Cause::NameNotFound),                 // hyper
    // ---- certificates: what is nearer to the cause first -------------------------------------------------------
    Wording(&["certificate is not yet valid"], NOT_YET), // OpenSSL
    Wording(&["certificate not valid yet"], NOT_YET),    // rustls
    Wording(&["notvalidyet"], NOT_YET),
    Wording(&["cert_not_yet_valid"], NOT_YET),                         // Node
    Wording(&["certificatenotyetvalidexception"], NOT_YET),            // Java
    Wording(&["expired or is not yet valid", " is before "], NOT_YET), // Go
    Wording(&["certificate has expired"], EXPIRED),                    // OpenSSL, Go
    Wording(&["certificate expired"], EXPIRED),                        // rustls, alerts
    Wording(&["invalid peer certificate: expired"], EXPIRED),
    Wording(&["cert_has_expired"], EXPIRED),
    Wording(&["certificateexpiredexception"], EXPIRED),
    Wording(&["sec_e_cert_expired"], EXPIRED),
    Wording(&["err_cert_date_invalid"], EXPIRED), // Chromium says the same to both
    Wording(&["validity period"], EXPIRED),       // Schannel
    Wording(&["no alternative certificate subject name matches"], FOR_OTHER), // curl
    Wording(&["certificate subject name", "does not match target"], FOR_OTHER), // curl
    Wording(&["hostname mismatch"], FOR_OTHER),   // OpenSSL, Python
    Wording(&["ip address mismatch"], FOR_OTHER),
    Wording(&["notvalidforname"], FOR_OTHER),
    Wording(&["certificate not valid for name"], FOR_OTHER), // rustls
    Wording(&["err_tls_cert_altname_invalid"], FOR_OTHER),   // Node
    Wording(&["does not match certificate's altnames"], FOR_OTHER), // Node
    Wording(&["err_cert_common_name_invalid"], FOR_OTHER),
    Wording(&["x509: certificate is valid for"], FOR_OTHER), // Go
    Wording(&["no subject alternative"], FOR_OTHER),         // Java
    Wording(&["sec_e_wrong_principal"], FOR_OTHER),          // Schannel
    Wording(&["remotecertificatenamemismatch"], FOR_OTHER),  // .NET
    Wording(&["certificate revoked"], Cause::CertificateRevoked),
    Wording(&["certificate is revoked"], Cause::CertificateRevoked),
    Wording(&["invalid peer certificate: revoked"], Cause::CertificateRevoked),
    Wording(&["cert_revoked"], Cause::CertificateRevoked),
    Wording(&["crypt_e_revoked"], Cause::CertificateRevoked),
    Wording(&["received fatal alert"], Cause::Tls), // rustls, Java: the other side's word, about our certificate too
    Wording(&["the certificate is not trusted"], UNTRUSTED), // ours
    Wording(&["invalid peer certificate"], UNTRUSTED), // rustls, all others
    Wording(&["unable to get local issuer certificate"], UNTRUSTED), // OpenSSL
    Wording(&["unable to get issuer certificate"], UNTRUSTED),
    Wording(&["self-signed certificate"], UNTRUSTED),
    Wording(&["self signed certificate"], UNTRUSTED),
    Wording(&["unable to verify the first certificate"], UNTRUSTED),
    Wording(&["unable_to_verify_leaf_signature"], UNTRUSTED),
    Wording(&["self_signed_cert"], UNTRUSTED),
    Wording(&["unable_to_get_issuer_cert"], UNTRUSTED),
    Wording(&["certificate signed by unknown authority"], UNTRUSTED), // Go
    Wording(&["pkix path building failed"], UNTRUSTED),               // Java
    Wording(&["unable to find valid certification path"], UNTRUSTED),
    Wording(&["sec_e_untrusted_root"], UNTRUSTED),
    Wording(&["could not establish trust relationship"], UNTRUSTED), // .NET
    Wording(&["untrustedroot"], UNTRUSTED),                          // .NET
    Wording(&["partialchain"], UNTRUSTED),
    Wording(&["err_cert_authority_invalid"], UNTRUSTED),
    Wording(&["certificate is not trusted"], UNTRUSTED), // Darwin
    Wording(&["certificate verify failed"], UNTRUSTED),  // Python, whatever it adds
    Wording(&["ssl certificate problem"], UNTRUSTED),    // curl, whatever it adds
    Wording(&["unknownissuer"], UNTRUSTED),
    // ---- TLS itself --------------------------------------------------------------------------------------------
    Wording(&["wrong version number"], Cause::NotTls), // OpenSSL
    Wording(&["wrong_version_number"], Cause::NotTls),
    Wording(&["packet length too long"], Cause::NotTls), // OpenSSL 3
    Wording(&["record layer failure"], Cause::NotTls),   // OpenSSL 3.5
    Wording(&["invalidcontenttype"], Cause::NotTls),     // rustls
    Wording(&["http request", "ssl routines"], Cause::NotTls),
    Wording(&["first record does not look like a tls handshake"], Cause::NotTls), // Go
    Wording(&["server gave http response to https client"], Cause::NotTls),       // Go
    Wording(&["unsupported or unrecognized ssl message"], Cause::NotTls),         // Java
    Wording(&["unknown protocol", "ssl"], Cause::NotTls),
    Wording(&["tls handshake timeout"], Cause::HandshakeTimeout), // Go
    Wording(&["ssl connection timeout"], Cause::HandshakeTimeout), // curl
    Wording(&["handshake operation timed out"], Cause::HandshakeTimeout), // Python
    Wording(&["tls handshake eof"], Cause::HandshakeCut),         // tokio-rustls
    Wording(&["ssl_error_syscall in connection to"], Cause::HandshakeCut), // curl
    Wording(&["ssl_connect: connection reset by peer"], Cause::HandshakeCut), // curl
    Wording(&["recv failure", "in connection to"], Cause::HandshakeCut),
    Wording(&["curl: (35)", "recv failure"], Cause::HandshakeCut), // curl 35 is the handshake
    Wording(&["curl: (35)", "unexpected eof"], Cause::HandshakeCut),
    Wording(&["curl: (35)", "ssl_error_syscall"], Cause::HandshakeCut),
    Wording(&["curl: (56)", "unexpected eof"], Cause::Cut), // a connection that ended without TLS' farewell
    Wording(&["tls connect error", "unexpected eof"], Cause::HandshakeCut), // curl
    Wording(&["tls connect error: error:00000000"], Cause::HandshakeCut), // curl: the socket ended, not TLS
    Wording(&["eof occurred in violation of protocol"], Cause::HandshakeCut), // Python
    Wording(&["before secure tls connection was established"], Cause::HandshakeCut), // Node
    Wording(&["remote host terminated the handshake"], Cause::HandshakeCut), // Java
    Wording(&["schannel: failed to receive handshake"], Cause::HandshakeCut), // curl
    Wording(
        &["client error (connect)", "connection reset by peer"],
        Cause::HandshakeCut,
    ), // hyper-util
    Wording(
        &["error trying to connect", "connection reset by peer"],
        Cause::HandshakeCut,
    ), // hyper 0.14
    Wording(&["client error (connect)", "os error 10054"], Cause::HandshakeCut),
    Wording(&["client error (connect)", "broken pipe"], Cause::HandshakeCut),
    Wording(&["alert handshake failure"], Cause::Tls), // OpenSSL
    Wording(&["alert protocol version"], Cause::Tls),
    Wording(&["unsupported protocol"], Cause::Tls),
    Wording(&["no protocols available"], Cause::Tls),
    Wording(&["remote error: tls:"], Cause::Tls), // Go
    Wording(&["err_ssl_protocol_error"], Cause::Tls),
    Wording(&["could not create ssl/tls secure channel"], Cause::Tls), // .NET Framework
    Wording(&["ssl connection could not be established"], Cause::Tls), // .NET, where it says no more
    Wording(&["winhttp", "12175"], Cause::Tls),                        // Windows: a security error
    Wording(&["err_ssl_version_or_cipher_mismatch"], Cause::Tls),
    Wording(&["peer is incompatible"], Cause::Tls), // rustls
    Wording(&["peer misbehaved"], Cause::Tls),
    // ---- no connection -----------------------------------------------------------------------------------------
    Wording(&["network is unreachable"], Cause::Unreachable),
    Wording(&["no route to host"], Cause::Unreachable),
    Wording(&["network is down"], Cause::Unreachable),
    Wording(&["host is down"], Cause::Unreachable),
    // Windows and macOS speak the person's language; the number stays.
    Wording(&["os error 10051"], Cause::Unreachable),
    Wording(&["os error 10065"], Cause::Unreachable),
    Wording(&["os error 10013"], Cause::Unreachable),
    Wording(&["os error 10061"], Cause::Refused),
    Wording(&["os error 10060"], Cause::ConnectTimeout),
    Wording(&["os error 11001"], Cause::NameNotFound),
    Wording(&["os error 11004"], Cause::NameNotFound),
    Wording(&["(os error 101)"], Cause::Unreachable), // Linux
    Wording(&["(os error 113)"], Cause::Unreachable),
    Wording(&["(os error 111)"], Cause::Refused),
    Wording(&["(os error 51)"], Cause::Unreachable), // Darwin
    Wording(&["(os error 65)"], Cause::Unreachable),
    Wording(&["(os error 61)"], Cause::Refused),
    Wording(&["enetunreach"], Cause::Unreachable),
    Wording(&["ehostunreach"], Cause::Unreachable),
    Wording(&["unreachable network"], Cause::Unreachable), // Winsock 10051
    Wording(&["unreachable host"], Cause::Unreachable),    // Winsock 10065
    Wording(&["err_address_unreachable"], Cause::Unreachable),
    Wording(&["err_network_changed"], Cause::Reset),
    Wording(&["forbidden by its access permissions"], Cause::Unreachable), // Winsock 10013: a firewall on this computer
    Wording(&["connect", "operation not permitted"], Cause::Unreachable),
    Wording(&["connection refused"], Cause::Refused),
    Wording(&["econnrefused"], Cause::Refused),
    Wording(&["err_connection_refused"], Cause::Refused),
    Wording(&["actively refused"], Cause::Refused), // Winsock 10061
    // ---- an answer that began ----------------------------------------------------------------------------------
    Wording(&["error decoding response body", "timed out"], Cause::BodyTimeout), // reqwest
    Wording(&["error reading a body", "timed out"], Cause::BodyTimeout),         // hyper
    Wording(&["while reading body", "timeout exceeded"], Cause::BodyTimeout),    // Go
    Wording(&["while reading body", "deadline exceeded"], Cause::BodyTimeout),
    Wording(&["bytes remaining to read"], Cause::Truncated), // curl 18
    Wording(&["end of response with", "bytes missing"], Cause::Truncated), // curl 18
    Wording(&["transfer closed with outstanding read data"], Cause::Truncated), // curl 18
    Wording(&["end of file before message length reached"], Cause::Truncated), // hyper
    Wording(&["unexpected eof during chunk"], Cause::Truncated), // hyper
    Wording(&["incompleteread"], Cause::Truncated),          // Python
    Wording(&["premature end of content-length"], Cause::Truncated), // Java
    Wording(&["premature close"], Cause::Truncated),         // Node
    Wording(&["err_content_length_mismatch"], Cause::Truncated),
    Wording(&["err_incomplete_chunked_encoding"], Cause::Truncated),
    Wording(&["error decoding response body", "close_notify"], Cause::Truncated), // rustls
    Wording(&["error decoding response body", "connection"], Cause::Truncated),
    Wording(&["error reading a body", "connection"], Cause::Truncated),
    Wording(&["unexpected eof"], Cause::Truncated), // Go, OpenSSL
    Wording(&["error while processing content unencoding"], Cause::Malformed), // curl 61
    Wording(&["unrecognized content encoding"], Cause::Malformed),
    Wording(&["invalid gzip header"], Cause::Malformed),
    Wording(&["corrupt deflate stream"], Cause::Malformed),
    Wording(&["incorrect header check"], Cause::Malformed), // zlib
    Wording(&["jsondecodeerror"], Cause::Malformed),
    Wording(&["unexpected token", "json"], Cause::Malformed),
    // ---- an answer that is none --------------------------------------------------------------------------------
    Wording(&["received http/0.9 when not allowed"], Cause::NotHttp), // curl 1
    Wording(&["weird server reply"], Cause::NotHttp),                 // curl 8
    Wording(&["invalid http version parsed"], Cause::NotHttp),        // hyper
    Wording(&["invalid http header parsed"], Cause::NotHttp),
    Wording(&["invalid http status-code parsed"], Cause::NotHttp),
    Wording(&["message head is too large"], Cause::NotHttp),
    Wording(&["malformed http"], Cause::NotHttp), // Go
    Wording(&["badstatusline"], Cause::NotHttp),  // Python
    Wording(&["hpe_invalid"], Cause::NotHttp),    // Node
    Wording(&["err_invalid_http_response"], Cause::NotHttp),
    Wording(&["http2 framing layer"], Cause::NotHttp), // curl 16
    // ---- asked, and no answer ----------------------------------------------------------------------------------
    Wording(&["connection reset"], Cause::Reset),
    Wording(&["os error 10054"], Cause::Reset),
    Wording(&["os error 10053"], Cause::Reset),
    Wording(&["(os error 104)"], Cause::Reset), // Linux
    Wording(&["(os error 54)"], Cause::Reset),  // Darwin
    Wording(&["connection was reset"], Cause::Reset),
    Wording(&["econnreset"], Cause::Reset),
    Wording(&["forcibly closed by the remote host"], Cause::Reset), // Winsock 10054
    Wording(&["err_connection_reset"], Cause::Reset),
    Wording(&["broken pipe"], Cause::Reset),
    Wording(&["software caused connection abort"], Cause::Reset),
    Wording(&["was not closed cleanly"], Cause::Reset), // curl 92
    Wording(&["empty reply from server"], Cause::Cut),  // curl 52
    Wording(&["connection closed before message completed"], Cause::Cut), // hyper
    Wording(&["closed connection without response"], Cause::Cut), // Python
    Wording(&["err_empty_response"], Cause::Cut),
    Wording(&["err_connection_closed"], Cause::Cut),
    Wording(&["socket hang up"], Cause::Cut),                // Node
    Wording(&["other side closed"], Cause::Cut),             // Node's fetch
    Wording(&["\": eof"], Cause::Cut),                       // Go
    Wording(&["close_notify"], Cause::Cut),                  // rustls
    Wording(&["server closed idle connection"], Cause::Cut), // Go
    // ---- redirects ---------------------------------------------------------------------------------------------
    Wording(&["maximum (", "redirects followed"], Cause::Redirected { to: None }), // curl 47
    Wording(&["toomanyredirects"], Cause::Redirected { to: None }),
    Wording(&["err_too_many_redirects"], Cause::Redirected { to: None }),
    // ---- time: the nearest phase first -------------------------------------------------------------------------
    Wording(&["client error (connect)", "timed out"], Cause::ConnectTimeout), // hyper-util
    Wording(&["error trying to connect", "timed out"], Cause::ConnectTimeout), // hyper 0.14
    Wording(
        &["error trying to connect", "deadline has elapsed"],
        Cause::ConnectTimeout,
    ),
    Wording(&["tcp connect error", "timed out"], Cause::ConnectTimeout),
    Wording(&["tcp connect error", "deadline has elapsed"], Cause::ConnectTimeout),
    Wording(&["connect timeout"], Cause::ConnectTimeout), // Python
    Wording(&["connecttimeout"], Cause::ConnectTimeout),
    Wording(&["connect timed out"], Cause::ConnectTimeout), // Java
    Wording(&["connection timeout"], Cause::ConnectTimeout), // curl
    Wording(&["connection timed out"], Cause::ConnectTimeout), // curl, errno 110
    Wording(&["failed to connect to", "timeout was reached"], Cause::ConnectTimeout), // curl
    Wording(&["failed to connect to", "timed out"], Cause::ConnectTimeout),
    Wording(&["etimedout"], Cause::ConnectTimeout),               // Node
    Wording(&["dial tcp", "i/o timeout"], Cause::ConnectTimeout), // Go
    Wording(
        &["did not properly respond after a period of time"],
        Cause::ConnectTimeout,
    ), // Winsock 10060
    Wording(&["err_connection_timed_out"], Cause::ConnectTimeout),
    Wording(&["os error 110"], Cause::ConnectTimeout),
    Wording(&["with 0 bytes received"], Cause::AnswerTimeout), // curl 28
    Wording(&["with 0 out of", "bytes received"], Cause::AnswerTimeout),
    Wording(&["timed out after", "bytes received"], Cause::BodyTimeout), // curl 28
    Wording(&["operation too slow"], Cause::BodyTimeout),                // curl 28
    Wording(&["read timed out"], Cause::AnswerTimeout),                  // Python, Java
    Wording(&["read timeout"], Cause::AnswerTimeout),
    Wording(&["readtimeout"], Cause::AnswerTimeout),
    Wording(&["while awaiting headers"], Cause::AnswerTimeout), // Go
    Wording(&["context deadline exceeded"], Cause::AnswerTimeout),
    Wording(&["esockettimedout"], Cause::AnswerTimeout),
    Wording(&["err_timed_out"], Cause::AnswerTimeout),
    Wording(&["network timeout at"], Cause::AnswerTimeout), // node-fetch
    Wording(&["operation timed out"], Cause::AnswerTimeout), // reqwest
    Wording(&["timeout was reached"], Cause::AnswerTimeout),
    Wording(&["deadline has elapsed"], Cause::AnswerTimeout),
    Wording(&["timed out"], Cause::AnswerTimeout),
    // ---- connections, in words that say no more ----------------------------------------------------------------
    Wording(&["couldn't connect to server"], Cause::Refused), // curl 7
    Wording(&["could not connect to server"], Cause::Refused), // curl 8, 7
    Wording(&["unable to connect to the remote server"], Cause::Refused), // .NET
];
