// After the second program that wxadmin replaces: a page posts its code to Express, axios exchanges it, and the page is
// given WeChat's whole answer. Nothing is stored, nothing is logged. PORT and WECHAT say where it is and who answers.

const express = require("express");
const axios = require("axios");

const { PORT, WECHAT, APPID, APPSECRET } = process.env;
const app = express();

app.use(express.json());

app.post("/getCode", async (req, res) => {
  const params = { appid: APPID, secret: APPSECRET, code: req.body.code, grant_type: "authorization_code" };
  try {
    const exchanged = await axios.get(`${WECHAT}/sns/oauth2/access_token`, { params });
    res.json(exchanged.data);
  } catch (error) {
    res.status(502).json({ message: error.message });
  }
});

app.listen(PORT, "127.0.0.1");
