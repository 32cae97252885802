// Lets the list of sessions say where a device is, as far as its time zone tells; no address is kept for that.
(function () {
  "use strict";

  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const cookie = "time-zone=" + encodeURIComponent(zone || "");
  if (!zone || document.cookie.split("; ").includes(cookie)) return;
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = cookie + "; Path=/; SameSite=Lax; Max-Age=31536000" + secure;
})();
